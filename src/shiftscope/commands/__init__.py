"""The commands `shiftscope init`, `check` and `show`, which look at a config and at networks without running the
workflow."""

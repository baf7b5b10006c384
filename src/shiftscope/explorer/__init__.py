"""The explorer: one page with scripts, by which a reader goes from picture to picture and from step to step."""

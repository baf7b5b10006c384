"""What every other package uses: errors, registries, options, files, tables, progress and random draws."""

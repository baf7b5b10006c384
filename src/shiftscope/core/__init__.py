"""What every other package uses: errors, registries, options, files, tables, progress, numbers as text and random draws."""

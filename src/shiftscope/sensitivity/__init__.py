"""How much: measures of predictions, one file per family, with intervals and comparisons."""

"""The small commands beside Snakemake: what is no workflow."""

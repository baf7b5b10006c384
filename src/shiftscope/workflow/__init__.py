"""What Snakemake asks the library: the plan of a config, the digest of the code, and how a job logs and fails."""

"""The jobs from `images` to `aggregate` with the files that they have, and without functions and imports of ours: what Snakemake
itself takes for them. `benchmarks/workflow.py` compares the workflow with it; only dry runs work.
"""

NETWORKS = list(config["networks"])
PROTOCOLS = list(config["protocols"])
SHARDS = range(config["shards"])
SCRIPT = "../workflow/scripts/infer.py"


wildcard_constraints:
    network="|".join(NETWORKS),
    protocol="|".join(PROTOCOLS),
    shard=r"\d+",


rule all:
    input:
        expand(
            "photos/predictions/{protocol}/{network}.parquet",
            protocol=PROTOCOLS,
            network=NETWORKS,
        ),


rule images:
    output:
        images="photos/images.parquet",
        skipped="photos/skipped.parquet",
    script:
        SCRIPT


rule network:
    output:
        card="networks/{network}/card.json",
        program="networks/{network}/program",
    script:
        SCRIPT


rule frames:
    input:
        images="photos/images.parquet",
    output:
        canvases="photos/frames/{protocol}/{shard}/canvases.parquet",
        frames="photos/frames/{protocol}/{shard}/frames.parquet",
        skipped="photos/frames/{protocol}/{shard}/skipped.parquet",
    script:
        SCRIPT


rule infer:
    input:
        canvases=expand(
            "photos/frames/{protocol}/{shard}/canvases.parquet",
            protocol=PROTOCOLS,
            allow_missing=True,
        ),
        frames=expand(
            "photos/frames/{protocol}/{shard}/frames.parquet",
            protocol=PROTOCOLS,
            allow_missing=True,
        ),
        card="networks/{network}/card.json",
        program="networks/{network}/program",
        images="photos/images.parquet",
    output:
        predictions=expand(
            "photos/predictions/{protocol}/{network}/{shard}.parquet",
            protocol=PROTOCOLS,
            allow_missing=True,
        ),
        running=expand(
            "photos/predictions/{protocol}/{network}/{shard}.json",
            protocol=PROTOCOLS,
            allow_missing=True,
        ),
    log:
        "photos/logs/infer/{network}/{shard}.log",
    benchmark:
        "photos/benchmarks/infer/{network}/{shard}.tsv"
    resources:
        gpu=0,
        mem_mb=4000,
    params:
        keep_logits=False,
        code="0",
    script:
        SCRIPT


rule aggregate:
    input:
        shards=expand(
            "photos/predictions/{protocol}/{network}/{shard}.parquet",
            protocol=PROTOCOLS,
            shard=SHARDS,
            allow_missing=True,
        ),
        frames=expand(
            "photos/frames/{protocol}/{shard}/frames.parquet",
            protocol=PROTOCOLS,
            shard=SHARDS,
        ),
        skipped=expand(
            "photos/frames/{protocol}/{shard}/skipped.parquet",
            protocol=PROTOCOLS,
            shard=SHARDS,
        ),
        images="photos/images.parquet",
    output:
        predictions=expand(
            "photos/predictions/{protocol}/{network}.parquet",
            protocol=PROTOCOLS,
            allow_missing=True,
        ),
    log:
        "photos/logs/aggregate/{network}.log",
    benchmark:
        "photos/benchmarks/aggregate/{network}.tsv"
    resources:
        mem_mb=2000,
    params:
        code="0",
    script:
        SCRIPT

"""Images × protocol → canvases and windows, once for every input size, in shards."""


def frames_input(wildcards):
    """A protocol that needs boxes gets them."""
    files = {"images": f"{RESULTS}/{wildcards.dataset}/images.parquet"}
    if PLAN.needs_boxes(wildcards.protocol):
        files["boxes"] = f"{RESULTS}/{wildcards.dataset}/boxes.parquet"
    return files


rule frames:
    input:
        unpack(frames_input),
    output:
        canvases=f"{RESULTS}/{{dataset}}/frames/{{protocol}}/{{size}}/{{shard}}/canvases.parquet",
        frames=f"{RESULTS}/{{dataset}}/frames/{{protocol}}/{{size}}/{{shard}}/frames.parquet",
        skipped=f"{RESULTS}/{{dataset}}/frames/{{protocol}}/{{size}}/{{shard}}/skipped.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/frames/{{protocol}}/{{size}}/{{shard}}.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/frames/{{protocol}}/{{size}}/{{shard}}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        protocol=lambda wildcards: PLAN.protocol(wildcards.protocol),
        shard=lambda wildcards: PLAN.shards.index(wildcards.shard),
        shards=PLAN.config.shards,
        refuse=lambda wildcards: PLAN.config.datasets[wildcards.dataset].unusable
        == "refuse",
        seed=PLAN.config.seed,
        code=code("frames"),
    script:
        "../workflow/scripts/frames.py"

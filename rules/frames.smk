"""Images × protocol → canvases and windows, once for every input size, in shards."""


rule frames:
    input:
        unpack(
            lambda wildcards: PLAN.frames_inputs(wildcards.dataset, wildcards.protocol)
        ),
    output:
        canvases=f"{RESULTS}/{{dataset}}/frames/{{protocol}}/{{size}}/{{shard}}/canvases.parquet",
        frames=f"{RESULTS}/{{dataset}}/frames/{{protocol}}/{{size}}/{{shard}}/frames.parquet",
        skipped=f"{RESULTS}/{{dataset}}/frames/{{protocol}}/{{size}}/{{shard}}/skipped.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/frames/{{protocol}}/{{size}}/{{shard}}.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/frames/{{protocol}}/{{size}}/{{shard}}.tsv"
    conda:
        "../environment.yml"
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

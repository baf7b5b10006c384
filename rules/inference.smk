"""Frames × network → predictions, in shards; then put together."""


rule infer:
    input:
        unpack(lambda wildcards: PLAN.infer_inputs(**wildcards)),
        card=rules.network.output.card,
        program=rules.network.output.program,
        images=rules.images.output.images,
    output:
        predictions=f"{RESULTS}/{{dataset}}/predictions/{{protocol}}/{{network}}/{{shard}}.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/infer/{{protocol}}/{{network}}/{{shard}}.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/infer/{{protocol}}/{{network}}/{{shard}}.tsv"
    conda:
        "../environment.yml"
    threads: PLAN.config.inference.threads
    resources:
        gpu=gpus,
        mem_mb=4000,
    params:
        keep_logits=PLAN.config.inference.keep_logits,
        code=code("infer"),
    script:
        "../workflow/scripts/infer.py"


rule aggregate:
    input:
        unpack(lambda wildcards: PLAN.aggregate_inputs(**wildcards)),
        images=rules.images.output.images,
    output:
        predictions=f"{RESULTS}/{{dataset}}/predictions/{{protocol}}/{{network}}.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/aggregate/{{protocol}}/{{network}}.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/aggregate/{{protocol}}/{{network}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code("aggregate"),
    script:
        "../workflow/scripts/aggregate.py"

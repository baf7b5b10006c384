"""Frames × network → predictions, in shards; then put together."""


def frames_of(name):
    """The frames of this shard at the network's input size."""
    return lambda wildcards: (
        f"{RESULTS}/{wildcards.dataset}/frames/{wildcards.protocol}/"
        f"{PLAN.config.networks[wildcards.network].input_size}/{wildcards.shard}/{name}.parquet"
    )


def all_frames(name):
    """The same of every shard."""
    return lambda wildcards: PLAN.frames_for(
        wildcards.dataset, wildcards.protocol, wildcards.network, name
    )


rule infer:
    input:
        card=rules.network.output.card,
        program=rules.network.output.program,
        images=rules.images.output.images,
        canvases=frames_of("canvases"),
        frames=frames_of("frames"),
    output:
        predictions=f"{RESULTS}/{{dataset}}/predictions/{{protocol}}/{{network}}/{{shard}}.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/infer/{{protocol}}/{{network}}/{{shard}}.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/infer/{{protocol}}/{{network}}/{{shard}}.tsv"
    threads: PLAN.config.inference.threads
    resources:
        gpu=PLAN.gpus(),
        mem_mb=4000,
    params:
        keep_logits=PLAN.config.inference.keep_logits,
        code=code("infer"),
    script:
        "../workflow/scripts/infer.py"


rule aggregate:
    input:
        images=rules.images.output.images,
        frames=all_frames("frames"),
        skipped=all_frames("skipped"),
        shards=lambda wildcards: [
            f"{RESULTS}/{wildcards.dataset}/predictions/{wildcards.protocol}/{wildcards.network}/{shard}.parquet"
            for shard in PLAN.shards
        ],
    output:
        predictions=f"{RESULTS}/{{dataset}}/predictions/{{protocol}}/{{network}}.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/aggregate/{{protocol}}/{{network}}.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/aggregate/{{protocol}}/{{network}}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code("aggregate"),
    script:
        "../workflow/scripts/aggregate.py"

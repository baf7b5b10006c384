"""Frames × network → predictions, in shards; then put together."""


rule infer:
    input:
        canvases=at_size(rules.frames.output.canvases),
        frames=at_size(rules.frames.output.frames),
        card=rules.network.output.card,
        program=rules.network.output.program,
        images=rules.images.output.images,
    output:
        predictions=looked(PATHS.shard_predictions),
        running=looked(PATHS.shard_running),
    log:
        PATHS.log("infer/{protocol}/{network}/{shard}"),
    benchmark:
        PATHS.benchmark("infer/{protocol}/{network}/{shard}")
    priority: 1
    conda:
        "../environment.yml"
    threads: PLAN.config.inference.threads
    resources:
        **needs("infer"),
        gpu=gpus,
    params:
        keep_logits=PLAN.config.inference.keep_logits,
        audit=PARAMETERS.audit(),
        code=code("infer"),
    script:
        "../workflow/scripts/infer.py"


rule aggregate:
    input:
        shards=expand(
            rules.infer.output.predictions, shard=PLAN.shards, allow_missing=True
        ),
        frames=at_size(rules.frames.output.frames, shard=PLAN.shards),
        skipped=at_size(rules.frames.output.skipped, shard=PLAN.shards),
        running=expand(
            rules.infer.output.running, shard=PLAN.shards, allow_missing=True
        ),
        images=rules.images.output.images,
    output:
        predictions=PATHS.predictions,
        running=PATHS.running,
    log:
        PATHS.log("aggregate/{protocol}/{network}"),
    benchmark:
        PATHS.benchmark("aggregate/{protocol}/{network}")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("aggregate"),
    params:
        code=code("aggregate"),
    script:
        "../workflow/scripts/aggregate.py"

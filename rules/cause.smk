"""Frames × network → what each layer of the network does with a shift."""


rule layers:
    input:
        canvases=at_size(rules.frames.output.canvases, shard=PLAN.shards),
        frames=at_size(rules.frames.output.frames, shard=PLAN.shards),
        card=rules.network.output.card,
        weights=lambda wildcards: PLAN.weights(wildcards.network),
        more=lambda wildcards: PLAN.network_files(wildcards.network),
    output:
        layers=kept(PATHS.layers),
        geometry=kept(PATHS.geometry),
        maps=kept(PATHS.maps),
    log:
        PATHS.log("layers/{protocol}/{network}"),
    benchmark:
        PATHS.benchmark("layers/{protocol}/{network}")
    priority: 1
    conda:
        "../environment.yml"
    threads: PLAN.config.inference.threads
    resources:
        **needs("layers"),
        gpu=gpus,
    params:
        options=PARAMETERS.cause(),
        seed=PLAN.config.seed,
        level=PLAN.config.statistics.level,
        code=code("layers"),
    script:
        "../workflow/scripts/layers.py"

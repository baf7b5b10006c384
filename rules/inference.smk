"""Frames × network → predictions, in shards; then put together.

A job asks a network about the frames of all protocols, one protocol after the other: to start it and to load the network
takes longer than many a protocol. What was made of one protocol is left as it is where nothing changed for it.
"""

for measured in measuring("infer"):
    OF_PROTOCOLS = {"protocol": measured.common}

    rule:
        name:
            measured.rule
        input:
            canvases=at_size(rules.frames.output.canvases, **OF_PROTOCOLS),
            frames=at_size(rules.frames.output.frames, **OF_PROTOCOLS),
            card=rules.network.output.card,
            program=rules.network.output.program,
            images=rules.images.output.images,
        output:
            predictions=kept(for_each(PATHS.shard_predictions, **OF_PROTOCOLS)),
            running=kept(for_each(PATHS.shard_running, **OF_PROTOCOLS)),
        log:
            PATHS.log("infer/{network}/{shard}"),
        benchmark:
            PATHS.benchmark("infer/{network}/{shard}")
        wildcard_constraints:
            dataset=one_of(measured.datasets),
        priority: 1
        conda:
            "../environment.yml"
        threads: PLAN.config.inference.threads
        resources:
            **needs("infer"),
            gpu=gpus,
        params:
            protocols={name: {} for name in measured.common},
            keep_logits=PLAN.config.inference.keep_logits,
            audit=PARAMETERS.audit(),
            code=code("infer"),
        script:
            "../workflow/scripts/infer.py"


for measured in measuring("aggregate"):
    OF_SHARDS = {"protocol": measured.common, "shard": PLAN.shards}

    rule:
        name:
            measured.rule
        input:
            shards=for_each(PATHS.shard_predictions, **OF_SHARDS),
            frames=at_size(rules.frames.output.frames, **OF_SHARDS),
            skipped=at_size(rules.frames.output.skipped, **OF_SHARDS),
            running=for_each(PATHS.shard_running, **OF_SHARDS),
            images=rules.images.output.images,
        output:
            predictions=kept(for_each(PATHS.predictions, protocol=measured.common)),
            running=kept(for_each(PATHS.running, protocol=measured.common)),
        log:
            PATHS.log("aggregate/{network}"),
        benchmark:
            PATHS.benchmark("aggregate/{network}")
        wildcard_constraints:
            dataset=one_of(measured.datasets),
        priority: 1
        conda:
            "../environment.yml"
        threads: 1
        resources:
            **needs("aggregate"),
        params:
            protocols={name: {} for name in measured.common},
            code=code("aggregate"),
        script:
            "../workflow/scripts/aggregate.py"

"""Weights → network, prepared once; and the target that stands for one network."""


rule train:
    input:
        images=lambda wildcards: PLAN.training_images(wildcards.network),
        validation=lambda wildcards: PLAN.validation_images(wildcards.network),
        start=lambda wildcards: PLAN.start(wildcards.network),
    output:
        weights=PATHS.weights,
        training=PATHS.training,
    log:
        PATHS.network_log("train"),
    benchmark:
        PATHS.network_benchmark("train")
    wildcard_constraints:
        network=one_of(PLAN.trained),
    priority: 1
    conda:
        "../environment.yml"
    threads: PLAN.config.inference.threads
    resources:
        **needs("train"),
        gpu=gpus,
    params:
        network=lambda wildcards: PARAMETERS.network(wildcards.network),
        seed=PLAN.config.seed,
        device=PLAN.config.inference.device,
        code=code("train"),
    script:
        "../workflow/scripts/train.py"


rule fetch_weights:
    output:
        weights=PATHS.weights,
    log:
        PATHS.network_log("fetch_weights"),
    benchmark:
        PATHS.network_benchmark("fetch_weights")
    wildcard_constraints:
        network=one_of(PLAN.fetched),
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("fetch_weights"),
    params:
        network=lambda wildcards: PARAMETERS.fetched_network(wildcards.network),
        code=code("fetch_weights"),
    script:
        "../workflow/scripts/fetch_weights.py"


rule network:
    input:
        weights=lambda wildcards: PLAN.weights(wildcards.network),
        more=lambda wildcards: PLAN.network_files(wildcards.network),
    output:
        card=PATHS.card,
        program=PATHS.program,
    log:
        PATHS.network_log("network"),
    benchmark:
        PATHS.network_benchmark("network")
    priority: 1
    conda:
        "../environment.yml"
    threads: PLAN.config.inference.threads
    resources:
        **needs("network"),
        gpu=gpus,
    params:
        network=lambda wildcards: PARAMETERS.network(wildcards.network),
        engine=PLAN.config.inference.engine,
        batch_size=PLAN.config.inference.batch_size,
        precision=PLAN.config.inference.precision,
        choices=lambda wildcards: PATHS.choice,
        device=PLAN.config.inference.device,
        seed=PLAN.config.seed,
        code=code("network"),
    script:
        "../workflow/scripts/network.py"


for name in PLAN.config.networks:

    rule:
        name:
            f"model_{name}"
        input:
            PLAN.model_files(name),

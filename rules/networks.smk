"""Weights → network, prepared once; and the target that stands for one network."""


rule train:
    input:
        images=lambda wildcards: PLAN.training_images(wildcards.network),
    output:
        weights=f"{RESULTS}/networks/{{network}}/weights.safetensors",
    log:
        f"{RESULTS}/networks/{{network}}/logs/train.log",
    benchmark:
        f"{RESULTS}/networks/{{network}}/benchmarks/train.tsv"
    wildcard_constraints:
        network=one_of(PLAN.trained),
    conda:
        "../environment.yml"
    threads: PLAN.config.inference.threads
    resources:
        gpu=gpus,
        mem_mb=4000,
    params:
        network=lambda wildcards: PLAN.network(wildcards.network),
        seed=PLAN.config.seed,
        device=PLAN.config.inference.device,
        code=code("train"),
    script:
        "../workflow/scripts/train.py"


rule fetch_weights:
    output:
        weights=f"{RESULTS}/networks/{{network}}/weights.safetensors",
    log:
        f"{RESULTS}/networks/{{network}}/logs/fetch_weights.log",
    benchmark:
        f"{RESULTS}/networks/{{network}}/benchmarks/fetch_weights.tsv"
    wildcard_constraints:
        network=one_of(PLAN.fetched),
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        network=lambda wildcards: PLAN.fetched_network(wildcards.network),
        code=code("fetch_weights"),
    script:
        "../workflow/scripts/fetch_weights.py"


rule network:
    input:
        weights=lambda wildcards: PLAN.weights(wildcards.network),
        more=lambda wildcards: PLAN.network_files(wildcards.network),
    output:
        card=f"{RESULTS}/networks/{{network}}/card.json",
        program=f"{RESULTS}/networks/{{network}}/program",
    log:
        f"{RESULTS}/networks/{{network}}/logs/network.log",
    benchmark:
        f"{RESULTS}/networks/{{network}}/benchmarks/network.tsv"
    conda:
        "../environment.yml"
    threads: PLAN.config.inference.threads
    resources:
        gpu=gpus,
        mem_mb=4000,
    params:
        network=lambda wildcards: PLAN.network(wildcards.network),
        engine=PLAN.config.inference.engine,
        batch_size=PLAN.config.inference.batch_size,
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

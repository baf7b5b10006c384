"""Answers → what helps: other answers made of them, measured on the same pictures."""


rule scores:
    input:
        canvases=rules.frames.output.canvases,
        frames=rules.frames.output.frames,
    output:
        scores=PATHS.scores,
    log:
        PATHS.log("scores/{protocol}/{size}/{shard}"),
    benchmark:
        PATHS.benchmark("scores/{protocol}/{size}/{shard}")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code("scores"),
    script:
        "../workflow/scripts/scores.py"


rule answer_remedies:
    input:
        predictions=lambda wildcards: expand(
            rules.infer.output.predictions,
            dataset=wildcards.dataset,
            protocol=PLAN.tried(wildcards.dataset),
            network=wildcards.network,
            shard=PLAN.shards,
        ),
        scores=lambda wildcards: expand(
            rules.scores.output.scores,
            dataset=wildcards.dataset,
            protocol=PLAN.scored(wildcards.dataset),
            size=PLAN.config.networks[wildcards.network].size,
            shard=PLAN.shards,
        ),
        card=rules.network.output.card,
    output:
        remedies=PATHS.answer_remedies,
    log:
        PATHS.log("remedies/{network}"),
    benchmark:
        PATHS.benchmark("remedies/{network}")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        tried=lambda wildcards: PARAMETERS.tried(wildcards.dataset),
        seed=PLAN.config.seed,
        level=PLAN.config.statistics.level,
        resamples=PLAN.config.statistics.resamples,
        code=code("answer_remedies"),
    script:
        "../workflow/scripts/answer_remedies.py"

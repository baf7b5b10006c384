"""What helps: other answers made of those that there are, networks that are remedies of others, and what each costs."""


rule scores:
    input:
        canvases=rules.frames.output.canvases,
        frames=rules.frames.output.frames,
    output:
        scores=kept(PATHS.scores),
    log:
        PATHS.log("scores/{protocol}/{size}/{shard}"),
    benchmark:
        PATHS.benchmark("scores/{protocol}/{size}/{shard}")
    priority: 1
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("scores"),
    params:
        code=code("scores"),
    script:
        "../workflow/scripts/scores.py"


rule answer_remedies:
    input:
        predictions=lambda wildcards: expand(
            PATHS.shard_predictions,
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
        remedies=kept(PATHS.answer_remedies),
    log:
        PATHS.log("answer_remedies/{network}"),
    benchmark:
        PATHS.benchmark("answer_remedies/{network}")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("answer_remedies"),
    params:
        tried=lambda wildcards: PARAMETERS.tried(wildcards.dataset),
        seed=PLAN.config.seed,
        level=PLAN.config.statistics.level,
        resamples=PLAN.config.statistics.resamples,
        code=code("answer_remedies"),
    script:
        "../workflow/scripts/answer_remedies.py"


rule price:
    input:
        card=rules.network.output.card,
        program=rules.network.output.program,
        card_without=improved_on(rules.network.output.card),
        program_without=improved_on(rules.network.output.program),
    output:
        price=PATHS.price,
    log:
        PATHS.network_log("price"),
    benchmark:
        PATHS.network_benchmark("price")
    wildcard_constraints:
        network=one_of(PLAN.remedied),
    conda:
        "../environment.yml"
    threads: PLAN.config.inference.threads
    resources:
        **needs("price"),
        gpu=gpus,
    params:
        seed=PLAN.config.seed,
        code=code("price"),
    script:
        "../workflow/scripts/price.py"


rule network_remedies:
    input:
        sums=lambda wildcards: PLAN.of_cells(
            PATHS.sums,
            wildcards.dataset,
            PLAN.remedy_cells(wildcards.dataset),
        ),
        draws=lambda wildcards: PLAN.of_cells(
            PATHS.draws,
            wildcards.dataset,
            PLAN.remedy_cells(wildcards.dataset),
        ),
        cards=lambda wildcards: expand(
            rules.network.output.card, network=PLAN.remedied_of(wildcards.dataset)
        ),
        cards_without=lambda wildcards: expand(
            rules.network.output.card,
            network=PLAN.remedied_of(wildcards.dataset).values(),
        ),
        prices=lambda wildcards: expand(
            rules.price.output.price, network=PLAN.remedied_of(wildcards.dataset)
        ),
    output:
        remedies=PATHS.network_remedies,
    log:
        PATHS.log("network_remedies"),
    benchmark:
        PATHS.benchmark("network_remedies")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("network_remedies"),
    params:
        pairs=lambda wildcards: list(
            map(list, PLAN.remedied_of(wildcards.dataset).items())
        ),
        cells=lambda wildcards: PLAN.remedy_cells(wildcards.dataset),
        epochs=lambda wildcards: PARAMETERS.epochs(wildcards.dataset),
        seed=PLAN.config.seed,
        level=PLAN.config.statistics.level,
        resamples=PLAN.config.statistics.resamples,
        code=code("network_remedies"),
    script:
        "../workflow/scripts/network_remedies.py"


rule remedies:
    input:
        parts=lambda wildcards: PLAN.remedy_parts(wildcards.dataset),
    output:
        remedies=PATHS.remedies,
    log:
        PATHS.log("remedies"),
    benchmark:
        PATHS.benchmark("remedies")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("remedies"),
    params:
        networks=lambda wildcards: PLAN.networks_of(wildcards.dataset),
        remedies=lambda wildcards: [
            *PLAN.config.remedies,
            *PLAN.remedied_of(wildcards.dataset),
        ],
        code=code("remedies"),
    script:
        "../workflow/scripts/remedies.py"


rule augmentation:
    input:
        sums=lambda wildcards: PLAN.of_cells(
            PATHS.sums,
            wildcards.dataset,
            PLAN.augmentation_cells(wildcards.dataset),
        ),
        framing=lambda wildcards: expand(
            rules.framing_comparison.output.comparison,
            dataset=wildcards.dataset,
            other=PLAN.framed_alike(wildcards.dataset),
        ),
    output:
        augmentation=PATHS.augmentation,
    log:
        PATHS.log("augmentation"),
    benchmark:
        PATHS.benchmark("augmentation")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("augmentation"),
    params:
        taught=lambda wildcards: PLAN.augmented_of(wildcards.dataset),
        cells=lambda wildcards: PLAN.augmentation_cells(wildcards.dataset),
        others=lambda wildcards: PLAN.framed_alike(wildcards.dataset),
        seed=PLAN.config.seed,
        level=PLAN.config.statistics.level,
        resamples=PLAN.config.statistics.resamples,
        code=code("augmentation"),
    script:
        "../workflow/scripts/augmentation.py"

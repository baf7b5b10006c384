"""Boxes, points → how the data set is framed. `snakemake --cores 8 bias` makes all of it and runs no network."""


rule box_statistics:
    input:
        boxes=rules.boxes.output.boxes,
    output:
        bias=PATHS.bias,
    log:
        PATHS.log("box_statistics"),
    benchmark:
        PATHS.benchmark("box_statistics")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("box_statistics"),
    params:
        seed=PLAN.config.seed,
        options=PARAMETERS.framing_options(),
        inclusion=PARAMETERS.inclusion(),
        code=code("box_statistics"),
    script:
        "../workflow/scripts/box_statistics.py"


rule inclusion:
    input:
        boxes=rules.boxes.output.boxes,
        bias=rules.box_statistics.output.bias,
    output:
        inclusion=PATHS.inclusion,
    log:
        PATHS.log("inclusion"),
    benchmark:
        PATHS.benchmark("inclusion")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("inclusion"),
    params:
        seed=PLAN.config.seed,
        options=PARAMETERS.framing_options(),
        inclusion=PARAMETERS.inclusion(),
        code=code("inclusion"),
    script:
        "../workflow/scripts/inclusion.py"


rule landmark_statistics:
    input:
        landmarks=rules.landmarks.output.landmarks,
    output:
        bias=PATHS.landmark_bias,
    log:
        PATHS.log("landmark_statistics"),
    benchmark:
        PATHS.benchmark("landmark_statistics")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("landmark_statistics"),
    params:
        seed=PLAN.config.seed,
        options=PARAMETERS.landmark_options(),
        code=code("landmark_statistics"),
    script:
        "../workflow/scripts/landmark_statistics.py"


rule framing_comparison:
    input:
        boxes=rules.boxes.output.boxes,
        other=rules.boxes.output.boxes.format(dataset="{other}"),
    output:
        comparison=PATHS.framing_comparison,
    log:
        PATHS.log("framing_comparison/{other}"),
    benchmark:
        PATHS.benchmark("framing_comparison/{other}")
    wildcard_constraints:
        other=one_of(PLAN.boxed),
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("framing_comparison"),
    params:
        seed=PLAN.config.seed,
        options=PARAMETERS.framing_options(),
        inclusion=PARAMETERS.inclusion(),
        code=code("framing_comparison"),
    script:
        "../workflow/scripts/framing_comparison.py"


rule relation:
    input:
        images=rules.images.output.images,
        bias=rules.box_statistics.output.bias,
        sums=lambda wildcards: PLAN.of_cells(PATHS.sums, wildcards.dataset),
    output:
        relation=PATHS.relation,
    log:
        PATHS.log("relation"),
    benchmark:
        PATHS.benchmark("relation")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("relation"),
    params:
        cells=lambda wildcards: PLAN.cells(wildcards.dataset),
        seed=PLAN.config.seed,
        level=PLAN.config.statistics.level,
        code=code("relation"),
    script:
        "../workflow/scripts/relation.py"


rule accuracy_by_surprisal:
    input:
        boxes=rules.boxes.output.boxes,
        others=lambda wildcards: expand(
            rules.boxes.output.boxes, dataset=PLAN.others(wildcards.dataset)
        ),
        sums=lambda wildcards: PLAN.of_cells(PATHS.sums, wildcards.dataset),
    output:
        accuracy_by_surprisal=PATHS.accuracy_by_surprisal,
    log:
        PATHS.log("accuracy_by_surprisal"),
    benchmark:
        PATHS.benchmark("accuracy_by_surprisal")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("accuracy_by_surprisal"),
    params:
        cells=lambda wildcards: PLAN.cells(wildcards.dataset),
        others=lambda wildcards: PLAN.others(wildcards.dataset),
        seed=PLAN.config.seed,
        level=PLAN.config.statistics.level,
        resamples=PLAN.config.statistics.resamples,
        code=code("accuracy_by_surprisal"),
    script:
        "../workflow/scripts/accuracy_by_surprisal.py"


rule bias:
    input:
        PLAN.bias_files(),

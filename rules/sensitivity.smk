"""Predictions → measures with intervals, and comparisons between networks."""


rule sensitivity:
    input:
        predictions=lambda wildcards: PLAN.predictions(wildcards.dataset),
    output:
        sensitivity=PATHS.sensitivity,
    log:
        PATHS.log("sensitivity"),
    benchmark:
        PATHS.benchmark("sensitivity")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        cells=lambda wildcards: PLAN.cells(wildcards.dataset),
        ordered=lambda wildcards: PLAN.ordered(wildcards.dataset),
        seed=PLAN.config.seed,
        level=PLAN.config.statistics.level,
        resamples=PLAN.config.statistics.resamples,
        code=code("sensitivity"),
    script:
        "../workflow/scripts/sensitivity.py"


rule curves:
    input:
        predictions=lambda wildcards: PLAN.predictions(wildcards.dataset),
    output:
        curves=PATHS.curves,
    log:
        PATHS.log("curves"),
    benchmark:
        PATHS.benchmark("curves")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        cells=lambda wildcards: PLAN.cells(wildcards.dataset),
        ordered=lambda wildcards: PLAN.ordered(wildcards.dataset),
        seed=PLAN.config.seed,
        level=PLAN.config.statistics.level,
        resamples=PLAN.config.statistics.resamples,
        code=code("curves"),
    script:
        "../workflow/scripts/curves.py"


rule comparisons:
    input:
        predictions=lambda wildcards: PLAN.predictions(wildcards.dataset),
    output:
        comparisons=PATHS.comparisons,
    log:
        PATHS.log("comparisons"),
    benchmark:
        PATHS.benchmark("comparisons")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        cells=lambda wildcards: PLAN.cells(wildcards.dataset),
        ordered=lambda wildcards: PLAN.ordered(wildcards.dataset),
        seed=PLAN.config.seed,
        level=PLAN.config.statistics.level,
        resamples=PLAN.config.statistics.resamples,
        adjust=PLAN.config.statistics.adjust,
        code=code("comparisons"),
    script:
        "../workflow/scripts/comparisons.py"

"""Predictions → measures with intervals, and comparisons between networks."""


rule sensitivity:
    input:
        predictions=lambda wildcards: PLAN.predictions(wildcards.dataset),
    output:
        sensitivity=f"{RESULTS}/{{dataset}}/sensitivity.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/sensitivity.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/sensitivity.tsv"
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
        curves=f"{RESULTS}/{{dataset}}/curves.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/curves.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/curves.tsv"
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
        comparisons=f"{RESULTS}/{{dataset}}/comparisons.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/comparisons.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/comparisons.tsv"
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

"""Predictions → sums of each network → measures with intervals, and comparisons between networks."""

for measured in measuring("sums"):

    rule:
        name:
            measured.rule
        input:
            predictions=for_each(PATHS.predictions, protocol=measured.common),
        output:
            sums=kept(for_each(PATHS.sums, protocol=measured.common)),
            draws=kept(for_each(PATHS.draws, protocol=measured.common)),
        log:
            PATHS.log("sums/{network}"),
        benchmark:
            PATHS.benchmark("sums/{network}")
        wildcard_constraints:
            dataset=one_of(measured.datasets),
        priority: 1
        conda:
            "../environment.yml"
        threads: 1
        resources:
            **needs("sums"),
        params:
            protocols={
                name: {"ordered": PLAN.config.protocols[name].ordered()}
                for name in measured.common
            },
            seed=PLAN.config.seed,
            resamples=PLAN.config.statistics.resamples,
            code=code("sums"),
        script:
            "../workflow/scripts/sums.py"


rule sensitivity:
    input:
        sums=lambda wildcards: PLAN.of_cells(PATHS.sums, wildcards.dataset),
        draws=lambda wildcards: PLAN.of_cells(PATHS.draws, wildcards.dataset),
    output:
        sensitivity=PATHS.sensitivity,
    log:
        PATHS.log("sensitivity"),
    benchmark:
        PATHS.benchmark("sensitivity")
    priority: 1
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("sensitivity"),
    params:
        cells=lambda wildcards: PLAN.cells(wildcards.dataset),
        level=PLAN.config.statistics.level,
        code=code("sensitivity"),
    script:
        "../workflow/scripts/sensitivity.py"


rule curves:
    input:
        draws=lambda wildcards: PLAN.of_cells(PATHS.draws, wildcards.dataset),
    output:
        curves=PATHS.curves,
    log:
        PATHS.log("curves"),
    benchmark:
        PATHS.benchmark("curves")
    priority: 1
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("curves"),
    params:
        cells=lambda wildcards: PLAN.cells(wildcards.dataset),
        level=PLAN.config.statistics.level,
        code=code("curves"),
    script:
        "../workflow/scripts/curves.py"


rule comparisons:
    input:
        sums=lambda wildcards: PLAN.of_cells(PATHS.sums, wildcards.dataset),
        draws=lambda wildcards: PLAN.of_cells(PATHS.draws, wildcards.dataset),
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
        **needs("comparisons"),
    params:
        cells=lambda wildcards: PLAN.cells(wildcards.dataset),
        seed=PLAN.config.seed,
        level=PLAN.config.statistics.level,
        resamples=PLAN.config.statistics.resamples,
        adjust=PLAN.config.statistics.adjust,
        code=code("comparisons"),
    script:
        "../workflow/scripts/comparisons.py"

"""Predictions → a page on which a reader goes from picture to picture and from step to step."""


rule explorer:
    input:
        images=rules.images.output.images,
        boxes=lambda wildcards: boxes_of_explorer(PLAN, wildcards.dataset),
        predictions=lambda wildcards: PLAN.of_cells(
            PATHS.predictions,
            wildcards.dataset,
            explored_cells(PLAN, wildcards.dataset),
        ),
        layers=lambda wildcards: PLAN.of_cells(
            PATHS.layers, wildcards.dataset, layered_cells(PLAN, wildcards.dataset)
        ),
    output:
        explorer=PATHS.explorer,
    log:
        PATHS.log("explorer"),
    benchmark:
        PATHS.benchmark("explorer")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("explorer"),
    params:
        facts=lambda wildcards: PARAMETERS.explorer_facts(wildcards.dataset),
        code=code("explorer"),
    script:
        "../workflow/scripts/explorer.py"

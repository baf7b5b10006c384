"""Download → images, boxes."""


rule download:
    input:
        lambda wildcards: PLAN.config.datasets[wildcards.dataset].inputs(),
    output:
        source=PATHS.source,
    log:
        PATHS.log("download"),
    benchmark:
        PATHS.benchmark("download")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("download"),
    params:
        source=lambda wildcards: PARAMETERS.source(
            wildcards.dataset, "limit", "unusable", "classes"
        ),
        seed=PLAN.config.seed,
        code=code("download"),
    script:
        "../workflow/scripts/download.py"


rule images:
    input:
        source=rules.download.output.source,
    output:
        images=PATHS.images,
        skipped=PATHS.skipped,
        source_files=PATHS.source_files,
    log:
        PATHS.log("images"),
    benchmark:
        PATHS.benchmark("images")
    conda:
        "../environment.yml"
    threads: lambda wildcards: PARAMETERS.listing_threads(wildcards.dataset)
    resources:
        **needs("images"),
    params:
        source=lambda wildcards: PARAMETERS.source(wildcards.dataset),
        seed=PLAN.config.seed,
        code=code("images"),
    script:
        "../workflow/scripts/images.py"


rule boxes:
    input:
        source=rules.download.output.source,
        images=rules.images.output.images,
    output:
        boxes=PATHS.boxes,
    log:
        PATHS.log("boxes"),
    benchmark:
        PATHS.benchmark("boxes")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("boxes"),
    params:
        source=lambda wildcards: PARAMETERS.source(
            wildcards.dataset, "limit", "unusable"
        ),
        code=code("boxes"),
    script:
        "../workflow/scripts/boxes.py"


rule landmarks:
    input:
        source=rules.download.output.source,
        images=rules.images.output.images,
    output:
        landmarks=PATHS.landmarks,
    log:
        PATHS.log("landmarks"),
    benchmark:
        PATHS.benchmark("landmarks")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("landmarks"),
    params:
        source=lambda wildcards: PARAMETERS.source(
            wildcards.dataset, "limit", "unusable"
        ),
        code=code("landmarks"),
    script:
        "../workflow/scripts/landmarks.py"

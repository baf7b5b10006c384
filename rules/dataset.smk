"""Download → images, boxes."""


rule download:
    input:
        lambda wildcards: PLAN.config.datasets[wildcards.dataset].inputs(),
    output:
        source=f"{RESULTS}/{{dataset}}/source.json",
    log:
        f"{RESULTS}/{{dataset}}/logs/download.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/download.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        source=lambda wildcards: PLAN.source(
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
        images=f"{RESULTS}/{{dataset}}/images.parquet",
        skipped=f"{RESULTS}/{{dataset}}/skipped.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/images.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/images.tsv"
    conda:
        "../environment.yml"
    threads: 2
    resources:
        mem_mb=2000,
    params:
        source=lambda wildcards: PLAN.source(wildcards.dataset),
        seed=PLAN.config.seed,
        code=code("images"),
    script:
        "../workflow/scripts/images.py"


rule boxes:
    input:
        source=rules.download.output.source,
        images=rules.images.output.images,
    output:
        boxes=f"{RESULTS}/{{dataset}}/boxes.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/boxes.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/boxes.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        source=lambda wildcards: PLAN.source(wildcards.dataset, "limit", "unusable"),
        code=code("boxes"),
    script:
        "../workflow/scripts/boxes.py"


rule landmarks:
    input:
        source=rules.download.output.source,
        images=rules.images.output.images,
    output:
        landmarks=f"{RESULTS}/{{dataset}}/landmarks.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/landmarks.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/landmarks.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        source=lambda wildcards: PLAN.source(wildcards.dataset, "limit", "unusable"),
        code=code("landmarks"),
    script:
        "../workflow/scripts/landmarks.py"

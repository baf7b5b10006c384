"""Boxes, points → how the data set is framed. `snakemake --cores 8 bias` makes all of it and runs no network."""


rule box_statistics:
    input:
        boxes=rules.boxes.output.boxes,
    output:
        bias=f"{RESULTS}/{{dataset}}/bias.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/box_statistics.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/box_statistics.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        seed=PLAN.config.seed,
        options=PLAN.framing_options(),
        inclusion=PLAN.inclusion(),
        code=code("box_statistics"),
    script:
        "../workflow/scripts/box_statistics.py"


rule inclusion:
    input:
        boxes=rules.boxes.output.boxes,
    output:
        inclusion=f"{RESULTS}/{{dataset}}/inclusion.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/inclusion.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/inclusion.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        seed=PLAN.config.seed,
        options=PLAN.framing_options(),
        inclusion=PLAN.inclusion(),
        code=code("inclusion"),
    script:
        "../workflow/scripts/inclusion.py"


rule landmark_statistics:
    input:
        landmarks=rules.landmarks.output.landmarks,
    output:
        bias=f"{RESULTS}/{{dataset}}/landmark_bias.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/landmark_statistics.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/landmark_statistics.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        seed=PLAN.config.seed,
        options=PLAN.landmark_options(),
        code=code("landmark_statistics"),
    script:
        "../workflow/scripts/landmark_statistics.py"


rule framing_comparison:
    input:
        boxes=rules.boxes.output.boxes,
        other=lambda wildcards: PLAN.path(wildcards.other, "boxes.parquet"),
    output:
        comparison=f"{RESULTS}/{{dataset}}/framing_comparison/{{other}}.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/framing_comparison/{{other}}.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/framing_comparison/{{other}}.tsv"
    wildcard_constraints:
        other=one_of(PLAN.boxed),
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        seed=PLAN.config.seed,
        options=PLAN.framing_options(),
        inclusion=PLAN.inclusion(),
        code=code("framing_comparison"),
    script:
        "../workflow/scripts/framing_comparison.py"


rule relation:
    input:
        images=rules.images.output.images,
        bias=rules.box_statistics.output.bias,
        predictions=lambda wildcards: PLAN.predictions(wildcards.dataset),
    output:
        relation=f"{RESULTS}/{{dataset}}/relation.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/relation.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/relation.tsv"
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
        code=code("relation"),
    script:
        "../workflow/scripts/relation.py"


rule accuracy_by_surprisal:
    input:
        boxes=rules.boxes.output.boxes,
        others=lambda wildcards: [
            PLAN.path(other, "boxes.parquet")
            for other in PLAN.others(wildcards.dataset)
        ],
        predictions=lambda wildcards: PLAN.predictions(wildcards.dataset),
    output:
        accuracy_by_surprisal=f"{RESULTS}/{{dataset}}/accuracy_by_surprisal.parquet",
    log:
        f"{RESULTS}/{{dataset}}/logs/accuracy_by_surprisal.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/accuracy_by_surprisal.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
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

"""Boxes → how the data set is framed. `snakemake --cores 8 bias` makes all of it and runs no network."""


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
        level=PLAN.config.statistics.level,
        minimum_boxes=PLAN.config.statistics.minimum_boxes,
        code=code("box_statistics"),
    script:
        "../workflow/scripts/box_statistics.py"


rule bias:
    input:
        PLAN.bias_files(),

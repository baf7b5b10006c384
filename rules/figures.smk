"""Tables → figures → report."""


rule figure:
    input:
        unpack(
            lambda wildcards: PLAN.figure_inputs(wildcards.dataset, wildcards.figure)
        ),
    output:
        png=f"{RESULTS}/{{dataset}}/figures/{{figure}}.png",
        pdf=f"{RESULTS}/{{dataset}}/figures/{{figure}}.pdf",
        caption=f"{RESULTS}/{{dataset}}/figures/{{figure}}.txt",
    log:
        f"{RESULTS}/{{dataset}}/logs/figures/{{figure}}.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/figures/{{figure}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        facts=lambda wildcards: PLAN.figure_facts(wildcards.dataset, wildcards.figure),
        code=code("figure"),
    script:
        "../workflow/scripts/figure.py"


use rule figure as protocol_figure with:
    input:
        unpack(
            lambda wildcards: PLAN.figure_inputs(
                wildcards.dataset, wildcards.figure, wildcards.protocol
            )
        ),
    output:
        png=f"{RESULTS}/{{dataset}}/figures/{{protocol}}/{{figure}}.png",
        pdf=f"{RESULTS}/{{dataset}}/figures/{{protocol}}/{{figure}}.pdf",
        caption=f"{RESULTS}/{{dataset}}/figures/{{protocol}}/{{figure}}.txt",
    log:
        f"{RESULTS}/{{dataset}}/logs/figures/{{protocol}}/{{figure}}.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/figures/{{protocol}}/{{figure}}.tsv"
    params:
        facts=lambda wildcards: PLAN.figure_facts(
            wildcards.dataset, wildcards.figure, wildcards.protocol
        ),
        code=code("figure"),


rule report:
    input:
        unpack(lambda wildcards: PLAN.report_inputs(wildcards.dataset)),
    output:
        report=f"{RESULTS}/{{dataset}}/report.html",
    log:
        f"{RESULTS}/{{dataset}}/logs/report.log",
    benchmark:
        f"{RESULTS}/{{dataset}}/benchmarks/report.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        facts=lambda wildcards: PLAN.report_facts(wildcards.dataset),
        code=code("report"),
    script:
        "../workflow/scripts/report.py"

"""Tables → CSV, beside the page."""

# Data sets that have the same tables share a rule.
for exported in exports(PLAN):

    rule:
        name:
            exported.rule
        input:
            lambda wildcards: [
                part["path"]
                for parts in exported_files(PLAN, wildcards.dataset).values()
                for part in parts
            ],
        output:
            [csv_pattern(PLAN, table) for table in exported.common],
        log:
            PATHS.log("exports"),
        benchmark:
            PATHS.benchmark("exports")
        wildcard_constraints:
            dataset=one_of(exported.datasets),
        conda:
            "../environment.yml"
        threads: 1
        resources:
            **needs("exports"),
        params:
            tables=exported.common,
            files=lambda wildcards: exported_files(PLAN, wildcards.dataset),
            code=code("exports"),
        script:
            "../workflow/scripts/exports.py"

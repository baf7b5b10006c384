"""How many jobs each rule of a finished run had, and how long they took.

python benchmarks/rules.py results

The numbers are those that Snakemake wrote when each job ran last (the `benchmark:` of its rule). Jobs that ran side by side
are added up, so the sum is more than the run took. Files of jobs that the config does not have any more count as well.
Snakemake looks at the processor's clock of a job twice a second for its first quarter of a minute, and then only every half
minute: of a job of 30 s, half is counted. What a whole run takes of the processor is what `time` says of it.
"""

import sys
from pathlib import Path

import polars as pl


def rule_of(path: Path, results: Path) -> str:
    """The rule whose job Snakemake wrote this file for (`workflow/paths.py: benchmark`, `network_benchmark`)."""
    parts = path.relative_to(results).with_suffix("").parts
    return parts[3 if parts[0] == "networks" else 2]


def seconds_by_rule(results: Path) -> pl.DataFrame:
    """One row per rule, the one that took most first: its jobs, their seconds, those of the processor, the longest job's
    seconds, and the GB of memory of the largest job. Of a job that ended at once only the seconds are known."""
    files = sorted({*results.glob("*/benchmarks/**/*.tsv"), *results.glob("networks/*/benchmarks/*.tsv")})
    if not files:
        sys.exit(f"there is no file of a benchmark below {results}; give the folder of results of a run")
    wanted = {"s": pl.Float64, "cpu_time": pl.Float64, "max_rss": pl.Float64}
    jobs = pl.concat(
        pl.read_csv(
            path, glob=False, separator="\t", null_values=["NA", "-"], columns=list(wanted), schema_overrides=wanted
        ).select(*wanted, rule=pl.lit(rule_of(path, results)))
        for path in files
    )
    return (
        jobs.group_by("rule")
        .agg(
            jobs=pl.len(),
            seconds=pl.col("s").sum(),
            processor=pl.col("cpu_time").sum(),
            longest=pl.col("s").max(),
            memory=pl.col("max_rss").max() / 1024,
        )
        .sort("seconds", descending=True)
    )


def main() -> None:
    rules = seconds_by_rule(Path(sys.argv[1] if len(sys.argv) > 1 else "results"))
    total = rules["seconds"].sum()
    print(f"{'rule':24} {'jobs':>6} {'seconds':>9} {'share':>6} {'a job':>8} {'longest':>8} {'processor':>10} {'GB':>6}")
    for name, jobs, seconds, processor, longest, memory in rules.iter_rows():
        took = f"{seconds:9.1f} {seconds / total:6.1%} {seconds / jobs:8.2f} {longest:8.1f} {processor:10.1f}"
        print(f"{name:24} {jobs:6} {took} {memory or 0:6.2f}")
    print(f"{'all':24} {rules['jobs'].sum():6} {total:9.1f} {'':33} {rules['processor'].sum():10.1f}")


if __name__ == "__main__":
    main()

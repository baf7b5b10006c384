"""What grows with the number of pictures: memory of each rule's largest job, and Snakemake's own time.

python benchmarks/pictures.py [--pictures 250 2000]

The embedded scenes, four networks that are trained on them, and all protocols of the default config, on one core after
another: what the run took beyond its jobs is Snakemake's own time. Each number of pictures is a run in the same folder, so
that networks are trained once.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import yaml
from rules import seconds_by_rule

ROOT = Path(__file__).parents[1]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
DATASET = "centred"


def config(count: int) -> dict[str, object]:
    """The default config with `count` pictures of one data set, and what its networks are trained on."""
    whole = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    shown = whole["datasets"][DATASET]
    networks = {name: whole["networks"][name] for name in shown["networks"]}
    taught = {network["train"]["dataset"] for network in networks.values()}
    return whole | {
        "datasets": {
            **{name: whole["datasets"][name] for name in sorted(taught)},
            DATASET: shown | {"count": count},
        },
        "networks": networks,
        "protocols": {name: whole["protocols"][name] for name in shown["protocols"]},
    }


def run(folder: Path, count: int) -> tuple[float, pl.DataFrame]:
    """Seconds by the clock of a run with so many pictures, and what its rules took."""
    (folder / "config.yaml").write_text(yaml.safe_dump(config(count)))
    for old in folder.glob(f"results/{DATASET}/benchmarks/**/*.tsv"):
        old.unlink()
    start = time.perf_counter()
    command = [SNAKEMAKE, "--cores", "1", "-s", ROOT / "Snakefile", "-d", folder, "--configfile", folder / "config.yaml"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.decode()[-3000:])
    return time.perf_counter() - start, seconds_by_rule(folder / "results")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, nargs="+", default=[250, 2000])
    numbers = parser.parse_args().pictures
    with TemporaryDirectory() as name:
        folder = Path(name)
        run(folder, 10)  # trains the networks, which takes the same for any number
        found = []
        for count in numbers:
            wall, rules = run(folder, count)
            made = rules.filter(~pl.col("rule").is_in(["train", "network"]))
            found.append(made.select("rule", pl.col("memory").alias(f"{count}")))
            jobs = pl.concat(
                [
                    pl.read_csv(path, glob=False, separator="\t")
                    for path in folder.glob(f"results/{DATASET}/benchmarks/**/*.tsv")
                ],
                how="vertical_relaxed",
            )["s"]
            took = f"{wall:.0f} s by the clock, of which {wall - jobs.sum():.0f} s are not of its {len(jobs)} jobs"
            print(f"{count} pictures: {took}; the largest process {rules['memory'].max():.2f} GB", flush=True)
        table = found[0]
        for more in found[1:]:
            table = table.join(more, on="rule", how="full", coalesce=True)
    ratio = (pl.col(f"{numbers[-1]}") / pl.col(f"{numbers[0]}")).alias("ratio")
    with pl.Config(tbl_rows=-1, float_precision=2):
        print(table.with_columns(ratio).sort(f"{numbers[-1]}", descending=True, nulls_last=True))


if __name__ == "__main__":
    main()

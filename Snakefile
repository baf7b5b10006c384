"""How much a network's answer moves when the picture moves, and why. `snakemake --cores 8 --resources gpu=1`"""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")

# A config given with --configfile stands alone; without one the embedded data sets are run.
if "datasets" not in config:

    configfile: "config/config.yaml"


include: "rules/common.smk"


rule all:
    default_target: True
    input:
        ends(PLAN),


# On a cluster, what reaches for the internet runs where Snakemake does.
localrules:
    download,
    fetch_weights,


include: "rules/dataset.smk"
include: "rules/networks.smk"
include: "rules/frames.smk"
include: "rules/inference.smk"
include: "rules/cause.smk"
include: "rules/sensitivity.smk"
include: "rules/bias.smk"
include: "rules/remedies.smk"
include: "rules/figures.smk"
include: "rules/exports.smk"
include: "rules/explorer.smk"
include: "rules/wildcards.smk"

"""What wildcards may be.

Included behind the rules: Snakemake writes this into the outputs that there are, and takes an input for the output of the rule
that it names (`rules.network.output.card`) only as long as both are written alike. Else it looks through all rules for each file.
"""


wildcard_constraints:
    dataset=one_of(PLAN.config.datasets),
    network=one_of(PLAN.config.networks),
    protocol=one_of(PLAN.config.protocols),
    size=one_of(PLAN.sizes),
    shard=one_of(PLAN.shards),

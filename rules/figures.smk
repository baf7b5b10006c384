"""Tables → figures → report."""

DRAWN_FROM = {
    "boxes": PATHS.boxes,
    "bias": rules.box_statistics.output.bias,
    "landmarks": rules.landmarks.output.landmarks,
    "landmark_bias": rules.landmark_statistics.output.bias,
    "relation": rules.relation.output.relation,
    "accuracy_by_surprisal": rules.accuracy_by_surprisal.output.accuracy_by_surprisal,
    "sensitivity": rules.sensitivity.output.sensitivity,
    "curves": rules.curves.output.curves,
    "remedies": rules.remedies.output.remedies,
    "augmentation": rules.augmentation.output.augmentation,
    "training": rules.train.output.training,
    "layers": rules.layers.output.layers,
    "geometry": rules.layers.output.geometry,
    "maps": rules.layers.output.maps,
    "predictions": PATHS.predictions,
    "frames": rules.frames.output.frames,
}

# One job draws all figures of a data set that are drawn from what the same stages make, each for all of its protocols.
for family in drawings(PLAN):

    rule:
        name:
            family.rule
        input:
            **tables_given(family, DRAWN_FROM),
            images=rules.images.output.images,
        output:
            png=kept(family.files(PLAN, "png")),
            pdf=kept(family.files(PLAN, "pdf")),
            caption=kept(family.files(PLAN, "txt")),
        log:
            PATHS.log(f"figures/{family.name}"),
        benchmark:
            PATHS.benchmark(f"figures/{family.name}")
        wildcard_constraints:
            dataset=one_of(family.datasets),
        # The longest of the jobs that none but the page waits for: what else there is to do can be done beside it.
        priority: int(family.name == "answers")
        conda:
            "../environment.yml"
        threads: 1
        resources:
            **needs("figures"),
        params:
            facts=lambda wildcards: PARAMETERS.figures_facts(wildcards.dataset),
            figures=figures_drawn(family, DRAWN_FROM),
        script:
            "../workflow/scripts/figures.py"


INSIDE = {
    "protocol": lambda wildcards: PLAN.inside(wildcards.dataset),
    "network": lambda wildcards: PLAN.networks_of(wildcards.dataset),
}


rule report:
    input:
        images=rules.images.output.images,
        skipped=rules.images.output.skipped,
        skipped_frames=if_made(
            "frames",
            rules.frames.output.skipped,
            protocol=lambda wildcards: PLAN.protocols_of(wildcards.dataset),
            size=lambda wildcards: PLAN.sizes_of(wildcards.dataset),
            shard=lambda wildcards: PLAN.shards,
        ),
        frames=lambda wildcards: [
            path
            for protocol, size in PLAN.sequences(wildcards.dataset)
            for path in expand(
                rules.frames.output.frames,
                dataset=wildcards.dataset,
                protocol=protocol,
                size=size,
                shard=PLAN.shards,
            )
        ],
        cards=if_made(
            "sensitivity",
            rules.network.output.card,
            network=lambda wildcards: PLAN.networks_of(wildcards.dataset),
        ),
        running=lambda wildcards: [
            PATHS.running.format(
                dataset=wildcards.dataset, protocol=protocol, network=network
            )
            for protocol, network in PLAN.run_cells(wildcards.dataset)
        ],
        sensitivity=if_made("sensitivity", rules.sensitivity.output.sensitivity),
        layers=if_made("layers", rules.layers.output.layers, **INSIDE),
        geometry=if_made("geometry", rules.layers.output.geometry, **INSIDE),
        remedies=if_made("remedies", rules.remedies.output.remedies),
        augmentation=if_made("augmentation", rules.augmentation.output.augmentation),
        comparisons=if_made("comparisons", rules.comparisons.output.comparisons),
        bias=if_made("bias", rules.box_statistics.output.bias),
        inclusion=if_made("inclusion", rules.inclusion.output.inclusion),
        framing=if_made(
            "bias",
            rules.framing_comparison.output.comparison,
            other=lambda wildcards: PLAN.others(wildcards.dataset),
        ),
        landmark_bias=if_made("landmark_bias", rules.landmark_statistics.output.bias),
        relation=if_made("relation", rules.relation.output.relation),
        accuracy_by_surprisal=if_made(
            "accuracy_by_surprisal",
            rules.accuracy_by_surprisal.output.accuracy_by_surprisal,
        ),
        figures=lambda wildcards: PLAN.figure_files(wildcards.dataset, "png"),
        captions=lambda wildcards: PLAN.figure_files(wildcards.dataset, "txt"),
    output:
        report=PATHS.report,
    log:
        PATHS.log("report"),
    benchmark:
        PATHS.benchmark("report")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("report"),
    params:
        facts=lambda wildcards: PARAMETERS.report_facts(wildcards.dataset),
        code=code("report"),
    script:
        "../workflow/scripts/report.py"

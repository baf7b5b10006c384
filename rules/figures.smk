"""Tables → figures → report."""

# One job draws a figure of a data set, for all of its protocols.
for drawn in drawings(PLAN):
    OF_NETWORKS = {
        "protocol": protocols_shown(drawn),
        "network": lambda wildcards: PLAN.networks_of(wildcards.dataset),
    }
    OF_FRAMES = {
        "protocol": protocols_shown(drawn),
        "size": lambda wildcards: PLAN.sizes_of(wildcards.dataset),
        "shard": lambda wildcards: PLAN.shards,
    }

    rule:
        name:
            drawn.rule
        input:
            images=rules.images.output.images,
            boxes=boxes_of_figure(drawn),
            bias=if_drawn(drawn, "bias", rules.box_statistics.output.bias),
            landmarks=if_drawn(drawn, "landmarks", rules.landmarks.output.landmarks),
            landmark_bias=if_drawn(
                drawn, "landmark_bias", rules.landmark_statistics.output.bias
            ),
            relation=if_drawn(drawn, "relation", rules.relation.output.relation),
            accuracy_by_surprisal=if_drawn(
                drawn,
                "accuracy_by_surprisal",
                rules.accuracy_by_surprisal.output.accuracy_by_surprisal,
            ),
            sensitivity=if_drawn(
                drawn, "sensitivity", rules.sensitivity.output.sensitivity
            ),
            curves=if_drawn(drawn, "curves", rules.curves.output.curves),
            remedies=if_drawn(drawn, "remedies", rules.remedies.output.remedies),
            augmentation=if_drawn(
                drawn, "augmentation", rules.augmentation.output.augmentation
            ),
            training=if_drawn(
                drawn,
                "training",
                rules.train.output.training,
                network=lambda wildcards: PLAN.trained_of(wildcards.dataset),
            ),
            layers=if_drawn(drawn, "layers", rules.layers.output.layers, **OF_NETWORKS),
            geometry=if_drawn(
                drawn, "geometry", rules.layers.output.geometry, **OF_NETWORKS
            ),
            maps=if_drawn(drawn, "maps", rules.layers.output.maps, **OF_NETWORKS),
            predictions=if_drawn(drawn, "predictions", PATHS.predictions, **OF_NETWORKS),
            frames=if_drawn(drawn, "frames", rules.frames.output.frames, **OF_FRAMES),
        output:
            png=drawn.files(PLAN, "png"),
            pdf=drawn.files(PLAN, "pdf"),
            caption=drawn.files(PLAN, "txt"),
        log:
            PATHS.log(f"figure/{drawn.figure}"),
        benchmark:
            PATHS.benchmark(f"figure/{drawn.figure}")
        wildcard_constraints:
            dataset=one_of(drawn.datasets),
        conda:
            "../environment.yml"
        threads: 1
        resources:
            **needs("figure"),
        params:
            facts=figure_facts(drawn),
            code=code("figure", figure=drawn.figure),
        script:
            "../workflow/scripts/figure.py"


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

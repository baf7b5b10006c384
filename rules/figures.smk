"""Tables → figures → report."""

OF_NETWORKS = {
    "protocol": drawn_protocols,
    "network": lambda wildcards: PLAN.networks_of(wildcards.dataset),
}
OF_FRAMES = {
    "protocol": drawn_protocols,
    "size": lambda wildcards: PLAN.sizes_of(wildcards.dataset),
    "shard": lambda wildcards: PLAN.shards,
}


rule figure:
    input:
        images=rules.images.output.images,
        boxes=lambda wildcards: PLAN.boxes_of_figure(**wildcards),
        bias=if_drawn("bias", rules.box_statistics.output.bias),
        landmarks=if_drawn("landmarks", rules.landmarks.output.landmarks),
        landmark_bias=if_drawn("landmark_bias", rules.landmark_statistics.output.bias),
        relation=if_drawn("relation", rules.relation.output.relation),
        accuracy_by_surprisal=if_drawn(
            "accuracy_by_surprisal",
            rules.accuracy_by_surprisal.output.accuracy_by_surprisal,
        ),
        sensitivity=if_drawn("sensitivity", rules.sensitivity.output.sensitivity),
        curves=if_drawn("curves", rules.curves.output.curves),
        remedies=if_drawn("remedies", rules.remedies.output.remedies),
        augmentation=if_drawn("augmentation", rules.augmentation.output.augmentation),
        training=if_drawn(
            "training",
            rules.train.output.training,
            network=lambda wildcards: PLAN.trained_of(wildcards.dataset),
        ),
        layers=if_drawn("layers", rules.layers.output.layers, **OF_NETWORKS),
        geometry=if_drawn("geometry", rules.layers.output.geometry, **OF_NETWORKS),
        maps=if_drawn("maps", rules.layers.output.maps, **OF_NETWORKS),
        predictions=if_drawn(
            "predictions", rules.aggregate.output.predictions, **OF_NETWORKS
        ),
        frames=if_drawn("frames", rules.frames.output.frames, **OF_FRAMES),
    output:
        png=PATHS.figure("png"),
        pdf=PATHS.figure("pdf"),
        caption=PATHS.figure("txt"),
    log:
        PATHS.log("figure/{figure}"),
    benchmark:
        PATHS.benchmark("figure/{figure}")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        facts=lambda wildcards: PARAMETERS.figure_facts(**wildcards),
        code=code("figure"),
    script:
        "../workflow/scripts/figure.py"


use rule figure as protocol_figure with:
    output:
        png=PATHS.protocol_figure("png"),
        pdf=PATHS.protocol_figure("pdf"),
        caption=PATHS.protocol_figure("txt"),
    log:
        PATHS.log("protocol_figure/{protocol}/{figure}"),
    benchmark:
        PATHS.benchmark("protocol_figure/{protocol}/{figure}")


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
            rules.aggregate.output.running.format(
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
        mem_mb=2000,
    params:
        facts=lambda wildcards: PARAMETERS.report_facts(wildcards.dataset),
        code=code("report"),
    script:
        "../workflow/scripts/report.py"

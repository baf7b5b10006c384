"""Images × protocol → canvases and windows, once for every input size, in shards."""


rule frames:
    input:
        images=rules.images.output.images,
        boxes=lambda wildcards: PLAN.boxes_of_frames(
            wildcards.dataset, wildcards.protocol
        ),
    output:
        canvases=shown(PATHS.canvases),
        frames=PATHS.frames,
        skipped=PATHS.frames_skipped,
    log:
        PATHS.log("frames/{protocol}/{size}/{shard}"),
    benchmark:
        PATHS.benchmark("frames/{protocol}/{size}/{shard}")
    conda:
        "../environment.yml"
    threads: 1
    resources:
        **needs("frames"),
    params:
        protocol=lambda wildcards: PARAMETERS.protocol(wildcards.protocol),
        shard=lambda wildcards: PLAN.shards.index(wildcards.shard),
        shards=PLAN.config.shards,
        refuse=lambda wildcards: PLAN.config.datasets[wildcards.dataset].unusable
        == "refuse",
        seed=PLAN.config.seed,
        code=code("frames"),
    script:
        "../workflow/scripts/frames.py"

"""How often the true class enters or leaves the five most probable ones from one frame to the next.

The paper's "28 % of images" does not say what it counts. All three readings are here; none is presented as the paper's.
"""

from dataclasses import replace

import polars as pl

from shiftscope.sensitivity.measures import Measure, Same, always, mean, measures, one_length, one_pair

V1 = "Azulay & Weiss 2018 (arXiv 1805.12177v1), figure 2B"
CROSSES = pl.col("in5") != pl.col("previous_in5")
LEAVES = pl.col("previous_in5") & ~pl.col("in5")


@measures.register(
    "jaggedness", title="Jaggedness", unit="transitions", needs=("labels",), reference=f"{V1}: Σ |in5(t) − in5(t+1)|"
)
def jaggedness() -> Measure:
    """How often, in all sequences together, the label enters or leaves the five most probable classes.

    >>> pairs = pl.DataFrame({"previous_in5": [True, False, True], "in5": [False, True, True]})
    >>> pairs.select(jaggedness().numerator).item()
    2
    """
    rate = Same("jaggedness_rate", one_length, "multiple", conditions=("all",))
    return Measure("pairs", CROSSES.sum(), None, same=(rate,))


@measures.register(
    "jaggedness_rate",
    title="Jaggedness per step",
    unit="transitions per pair",
    needs=("labels",),
    reference=f"{V1}, divided by the number of pairs",
)
def jaggedness_rate() -> Measure:
    """The share of pairs between whose frames the label enters or leaves the five most probable classes.

    >>> pairs = pl.DataFrame({"previous_in5": [True, True], "in5": [False, True]})
    >>> pairs.select(jaggedness_rate().numerator / jaggedness_rate().denominator).item()
    0.5
    """
    return mean("pairs", CROSSES, share=True)


@measures.register(
    "jagged_images",
    title="Images with a top-5 transition",
    unit="share of images",
    needs=("labels",),
    reference="reading (a) of the paper's 28 %: images with at least one transition anywhere",
)
def jagged_images() -> Measure:
    """The share of images whose label enters or leaves the five most probable classes at any step.

    >>> pairs = pl.DataFrame({"previous_in5": [True, False, True], "in5": [False, True, True]})
    >>> pairs.select(jagged_images().numerator).item()  # this image is one of them
    1
    """
    same = (Same("jaggedness_rate", one_pair),)
    return Measure("pairs", CROSSES.any().cast(pl.Int64), pl.lit(1), share_of="images", same=same)


@measures.register(
    "leaves_top5",
    title="Images that leave the top-5",
    unit="share of images in the top-5 at the start",
    needs=("labels",),
    reference="reading (b) of the paper's 28 %: of the images in the top-5 at the start, those that leave it at some step",
)
def leaves_top5() -> Measure:
    """Of the images whose label is among the five most probable classes at the start, the share whose label leaves them.

    >>> pairs = pl.DataFrame({"previous_in5": [False, True], "in5": [True, False]})
    >>> pairs.select(leaves_top5().numerator, leaves_top5().denominator.alias("of")).row(0)  # not among them at the start
    (0, 0)
    """
    start = pl.col("previous_in5").first()
    return Measure(
        "pairs",
        (start & LEAVES.any()).cast(pl.Int64),
        start.cast(pl.Int64),
        counted=start * pl.len(),
        share_of="images",
        same=(
            Same("jaggedness_rate", one_pair, conditions=("right",)),
            Same("exit_rate", one_pair),
            Same("jagged_images", always, conditions=("right",)),
        ),
    )


@measures.register(
    "exit_rate",
    title="Top-5 exits per step",
    unit="share of pairs that begin in the top-5",
    needs=("labels",),
    reference="reading (c) of the paper's 28 %: the rate of exits per step among frames in the top-5",
)
def exit_rate() -> Measure:
    """Of the pairs that begin with the label among the five most probable classes, the share that end without it.

    >>> pairs = pl.DataFrame({"previous_in5": [True, True, False], "in5": [False, True, False]})
    >>> pairs.select(exit_rate().numerator / exit_rate().denominator).item()
    0.5
    """
    # A label that is the top class is among the first five: where it crosses, it leaves.
    same = (Same("jaggedness_rate", always, conditions=("right",)),)
    return replace(mean("pairs", LEAVES, among=pl.col("previous_in5"), share=True), same=same)

"""The keys of the file that `stages.prepare` writes about each network."""

import polars as pl

from shiftscope.core.columns import Column, Table


class Card(Table):
    """A JSON file per network, not a table, with these keys: what was loaded, and how it is run."""

    files = ("networks/<network>/card.json",)
    network = Column(pl.String)
    """The name of the network in the config."""
    kind = Column(pl.String)
    """The kind of the network, such as `timm`."""
    options = Column(pl.Struct([]))
    """The settings of the network in the config, without those that have their default."""
    architecture = Column(pl.String)
    """The name of the architecture in its library, or the kind where there is none."""
    weights = Column(pl.String)
    """The path of the file of weights."""
    weights_of = Column(pl.String)
    """The name of the network in the config that the weights are of, or, where the network was trained, that its training
    started from. Null where neither is the case."""
    weights_sha256 = Column(pl.String)
    """The SHA-256 digest of this file."""
    input_size = Column(pl.Int64, "px")
    """The width and height of the frames that the network is shown."""
    mean = Column(pl.List(pl.Float64))
    """What is subtracted from the channels before the network sees them, where a grey level of 255 is 1."""
    std = Column(pl.List(pl.Float64))
    """What the channels are divided by afterwards, on the same scale."""
    channels = Column(pl.String)
    """The order of the channels that the network takes, such as `rgb`."""
    preprocessing = Column(pl.Struct([]))
    """How the source of the network says that its input is made: `mean`, `std`, `channels`, `input_size` (px),
    `interpolation`, `crop_fraction`, and `said_by`, which names that source. Null where it does not say it."""
    outputs = Column(pl.Int64)
    """The number of classes that the network answers with."""
    class_space = Column(pl.String)
    """Which classes these are: `imagenet`, or `own`, those of the data set."""
    answers = Column(pl.String)
    """What the network answers with: `logits`, or `probabilities` where it ends in a softmax."""
    parameters = Column(pl.Int64)
    """The number of learned parameters that the answer depends on. Null where the network hides them."""
    depth = Column(pl.Int64)
    """The number of convolutions and products with learned weights on the longest way through the network: 50 for
    ResNet-50. Null where the network hides them."""
    subsampling_stride = Column(pl.Int64, "px")
    """The product of the strides on the way from the input to the last feature map. Null where it is not known."""
    subsampling_ratio = Column(pl.Int64)
    """The input width divided by the width of the last feature map, rounded. Null where it is not known."""
    device = Column(pl.String)
    """What the network runs on: `cpu` or `cuda`."""
    threads = Column(pl.Int64)
    """The number of threads that the network was timed with."""
    precision = Column(pl.String)
    """What the network computes in: `float32`, `tf32`, `bfloat16` or `float16`."""
    changed_top1 = Column(pl.Float64)
    """The share of the calibration frames whose top class is another one than with eager torch in float32, from 0 to 1."""
    compared = Column(pl.Int64)
    """The number of calibration frames that this is a share of."""
    engine = Column(pl.String)
    """The engine that runs the network."""
    batch_size = Column(pl.Int64)
    """The number of frames that are computed at once."""
    calibration = Column(pl.List(pl.Struct([])))
    """For each engine that was tried, the chosen one first: its name (`engine`), its fastest `batch_size`, the median of
    its time in milliseconds (`ms_per_frame`), and the smallest batch that memory had no room for (`too_large`); where it
    was asked, the largest difference of a probability from that of eager torch in float32 (`largest_difference`), and the
    share of frames whose top class is another one (`changed_top1`). Slower engines are not asked."""
    tried_on = Column(pl.String)
    """The name of the network that engines and batch sizes were tried on: this one, or one of the same structure that was
    prepared before (`_choices`)."""

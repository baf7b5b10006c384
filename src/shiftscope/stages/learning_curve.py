"""The table that `stages.train` writes about each training."""

import polars as pl

from shiftscope.core.columns import Column, Table


class LearningCurve(Table):
    """One row per epoch of the training of a network, in their order."""

    files = ("networks/<network>/training.parquet",)
    epoch = Column(pl.Int32)
    """The number of the epoch, from 1."""
    learning_rate = Column(pl.Float64)
    """The mean of the learning rate over the steps of the epoch."""
    loss = Column(pl.Float64, "nats")
    """The mean of the cross entropy over the pictures of the epoch, each as the network answered when it was trained on
    that picture: changed by the augmentation, and with the weights of that step."""
    accuracy = Column(pl.Float64)
    """The share of these answers that were right, from 0 to 1."""
    validation_loss = Column(pl.Float64, "nats")
    """The mean of the cross entropy over the centre crops of the data set that `train.validation` names, with the weights
    after the epoch. Null where no such data set is named."""
    validation_accuracy = Column(pl.Float64)
    """The share of these answers that were right, from 0 to 1. Null where no such data set is named."""


LEARNING_CURVE = LearningCurve.schema()

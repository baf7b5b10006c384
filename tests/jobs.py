"""The jobs of the workflow that tests of tables need, without Snakemake."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from shiftscope.core import tables
from shiftscope.sensitivity.estimates import sensitivity
from shiftscope.sensitivity.one_network import sum_network
from shiftscope.sensitivity.sides import Files


def summed(predictions, *, ordered=True, seed=0, n_resamples=100):
    """Sums and draws of every network, beside its predictions. `predictions` are files, which keep the order of image_id, by
    protocol and network; `ordered` is said of all protocols, or of each."""
    found = {}
    for (protocol, network), path in predictions.items():
        files = Files(*(Path(path).with_suffix(f".{what}.parquet") for what in ("sums", "draws")))
        follows = ordered[protocol] if isinstance(ordered, Mapping) else ordered
        sum_network(path, ordered=follows, seed=seed, n_resamples=n_resamples, sums_path=files.sums, draws_path=files.draws)
        found[protocol, network] = files
    return found


def written(folder, networks):
    """Files of predictions by protocol and network, from tables of them; the rows of a picture keep their order."""
    files = {}
    for number, (cell, table) in enumerate(networks.items()):
        files[cell] = Path(folder) / f"{number}.parquet"
        tables.write(files[cell], table.sort("image_id", maintain_order=True), tables.PREDICTIONS)
    return files


def estimates_of(predicted, *, ordered=True, seed=0, level=0.95, n_resamples=100):
    """The table of measures of one network on one protocol, from a table of its predictions."""
    with TemporaryDirectory() as folder:
        files = summed(written(folder, {("p", "n"): predicted}), ordered=ordered, seed=seed, n_resamples=n_resamples)
        return sensitivity(files, level=level)

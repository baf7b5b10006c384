"""Where each file of a run is. Every pattern stands here once: rules take it as output and input, the plan fills it in."""

from collections.abc import Iterable
from itertools import product


class Paths:
    """The patterns of all files below the folder `results`, with Snakemake's wildcards in braces."""

    def __init__(self, results: str) -> None:
        self.results = results
        dataset = f"{results}/{{dataset}}"
        # What a data set consists of
        self.source = f"{dataset}/source.json"
        self.source_folder = f"{dataset}/source"
        self.images = f"{dataset}/images.parquet"
        self.skipped = f"{dataset}/skipped.parquet"
        self.source_files = f"{dataset}/source_files.parquet"
        self.boxes = f"{dataset}/boxes.parquet"
        self.landmarks = f"{dataset}/landmarks.parquet"
        # How it is framed
        self.bias = f"{dataset}/bias.parquet"
        self.inclusion = f"{dataset}/inclusion.parquet"
        self.landmark_bias = f"{dataset}/landmark_bias.parquet"
        self.framing_comparison = f"{dataset}/framing_comparison/{{other}}.parquet"
        # What networks are shown
        frames = f"{dataset}/frames/{{protocol}}/{{size}}/{{shard}}"
        self.canvases = f"{frames}/canvases.parquet"
        self.frames = f"{frames}/frames.parquet"
        self.frames_skipped = f"{frames}/skipped.parquet"
        self._name_answers(dataset, f"{results}/networks/{{network}}", frames)

    def _name_answers(self, dataset: str, network: str, frames: str) -> None:
        # Networks, and what they answer
        self.weights = f"{network}/weights.safetensors"
        self.training = f"{network}/training.parquet"
        self.card = f"{network}/card.json"
        self.program = f"{network}/program"
        self.choice = f"{self.results}/networks/_choices/{{key}}.json"
        self.shard_predictions = f"{dataset}/predictions/{{protocol}}/{{network}}/{{shard}}.parquet"
        self.predictions = f"{dataset}/predictions/{{protocol}}/{{network}}.parquet"
        self.shard_running = f"{dataset}/predictions/{{protocol}}/{{network}}/{{shard}}.json"
        self.running = f"{dataset}/predictions/{{protocol}}/{{network}}.json"
        # Why they change: what happens inside networks
        self.layers = f"{dataset}/layers/{{protocol}}/{{network}}/layers.parquet"
        self.geometry = f"{dataset}/layers/{{protocol}}/{{network}}/geometry.parquet"
        self.maps = f"{dataset}/layers/{{protocol}}/{{network}}/maps.parquet"
        # How much the answers change, and what goes with that
        self.sums = f"{dataset}/sums/{{protocol}}/{{network}}.parquet"
        self.draws = f"{dataset}/draws/{{protocol}}/{{network}}.parquet"
        self.sensitivity = f"{dataset}/sensitivity.parquet"
        self.curves = f"{dataset}/curves.parquet"
        self.comparisons = f"{dataset}/comparisons.parquet"
        self.relation = f"{dataset}/relation.parquet"
        self.accuracy_by_surprisal = f"{dataset}/accuracy_by_surprisal.parquet"
        # What helps
        self.scores = f"{frames}/scores.parquet"
        self.answer_remedies = f"{dataset}/remedies/{{network}}.parquet"
        self.network_remedies = f"{dataset}/network_remedies.parquet"
        self.remedies = f"{dataset}/remedies.parquet"
        self.augmentation = f"{dataset}/augmentation.parquet"
        self.price = f"{network}/price.json"
        # What a reader looks at
        self.report = f"{dataset}/report.html"
        self.explorer = f"{dataset}/explorer.html"
        self.results_csv = f"{dataset}/results.csv"
        self.table_csv = f"{dataset}/tables/{{table}}.csv"

    def figure(self, ending: str) -> str:
        """A figure of a data set (`ending`: png, pdf, or txt for its caption)."""
        return f"{self.results}/{{dataset}}/figures/{{figure}}.{ending}"

    def protocol_figure(self, ending: str) -> str:
        """A figure of a data set that is drawn once for each protocol."""
        return f"{self.results}/{{dataset}}/figures/{{protocol}}/{{figure}}.{ending}"

    def log(self, job: str) -> str:
        """Where a job on a data set writes its log. `job` is the rule's name, followed by the wildcards of its output."""
        return f"{self.results}/{{dataset}}/logs/{job}.log"

    def benchmark(self, job: str) -> str:
        """Where Snakemake writes how long a job on a data set took."""
        return f"{self.results}/{{dataset}}/benchmarks/{job}.tsv"

    def network_log(self, rule: str) -> str:
        """Where a job that prepares a network writes its log."""
        return f"{self.results}/networks/{{network}}/logs/{rule}.log"

    def network_benchmark(self, rule: str) -> str:
        """Where Snakemake writes how long a job that prepares a network took."""
        return f"{self.results}/networks/{{network}}/benchmarks/{rule}.tsv"


def filled(pattern: str, **values: str | int | Iterable[str | int]) -> list[str]:
    """The files that `pattern` stands for: every combination of the `values` of its wildcards, the last one fastest.

    >>> filled("{dataset}/{network}.parquet", dataset="d", network=["a", "b"])
    ['d/a.parquet', 'd/b.parquet']
    """
    lists = [[given] if isinstance(given, str | int) else list(given) for given in values.values()]
    return [pattern.format(**dict(zip(values, chosen, strict=True))) for chosen in product(*lists)]

"""What 10,000, 100,000 and 1,000,000 pictures cost: seconds and largest memory of each stage, in a process of its own.

    OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 python benchmarks/wide.py [--sizes 10000 100000 1000000] [--folder /scratch]

Pictures are links to a hundred tiny files, annotated in COCO's form, two boxes to a picture, and once more named by a list.
`frames` are made a shard at a time, of 10,000 pictures here, so that all that grows with the data set is what a job reads
of all pictures. Predictions are made up, four steps to a picture, in such shards. For each stage: seconds of the processor
and by the clock, the largest memory, and the ratios of both to those of the size before.
"""

import argparse
import os
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from common import Cost, cost
from PIL import Image

from shiftscope.core import tables
from shiftscope.networks.answers import trial_frames
from shiftscope.stages.running import write_running

SHARD, STEPS, CATEGORIES, FILES = 10_000, 4, 200, 100
WIDTH, HEIGHT = 48, 40
BEGIN = """
from pathlib import Path
import polars as pl
from shiftscope.core import tables
folder, n, shards = Path({folder!r}), {n}, {shards}
"""
READ_IMAGES = """
from shiftscope.stages.images import make_images
images, skipped = make_images(source, folder, 0, 2)
tables.write(folder / "images.parquet", images, tables.IMAGES)
tables.write(folder / "skipped.parquet", skipped, tables.SKIPPED)
assert len(images) == n
"""
COCO = """
from shiftscope.sources.coco import Coco
source = Coco(images=folder / "pictures", annotations=folder / "coco.json")
"""
FRAMES = """
from shiftscope.stages.frames import make_frames
from shiftscope.stages.images import read_shard
images = read_shard(folder / "images.parquet", shards // 2, shards)
made = {{f"{{name}}_path": folder / f"{{name}}-made.parquet" for name in ("canvases", "frames", "skipped")}}
make_frames(kind={kind!r}, options={options!r}, images=images, boxes={boxes}, size=32, seed=0, refuse=False, **made)
"""
STAGES = {
    "images (a list)": """
from shiftscope.sources.table import Table
source = Table(path=folder / "list.csv")
"""
    + READ_IMAGES,
    "images (a folder)": """
from shiftscope.sources.folder import Folder
source = Folder(path=folder / "pictures")
"""
    + READ_IMAGES,
    "images (COCO)": COCO + READ_IMAGES,
    "boxes (COCO)": COCO
    + """
from shiftscope.stages.annotations import make_boxes
boxes = make_boxes(source, folder, tables.read(folder / "images.parquet", tables.IMAGES))
tables.write(folder / "boxes.parquet", boxes, tables.BOXES)
assert len(boxes) == 2 * n
""",
    "box_statistics": """
from shiftscope.bias import BIAS
from shiftscope.bias.boxes import box_statistics
boxes = pl.scan_parquet(folder / "boxes.parquet", glob=False)
tables.write(folder / "bias.parquet", box_statistics(boxes, seed=0), BIAS)
""",
    "frames of a shard (crop)": FRAMES.format(kind="crop", options={"offsets": "0..8"}, boxes=None),
    "frames of a shard (box_crop)": FRAMES.format(
        kind="box_crop", options={"reach": 4}, boxes='pl.scan_parquet(folder / "boxes.parquet", glob=False)'
    ),
    "aggregate": """
from shiftscope.stages.aggregate import IMAGE_IDS, aggregate
of = {what: [folder / "shards" / f"{what}-{k}.parquet" for k in range(shards)] for what in ("predictions", "frames")}
aggregate(
    shards=of["predictions"], frames=of["frames"], skipped=[folder / "shards" / "skipped.parquet"] * shards,
    images=tables.read(folder / "images.parquet", IMAGE_IDS), path=folder / "predictions.parquet",
    running=[folder / "shards" / "running.json"] * shards, running_path=folder / "running.json",
)
""",
    "sums": """
from shiftscope.sensitivity.one_network import sum_network
made = {"sums_path": folder / "sums.parquet", "draws_path": folder / "draws.parquet"}
sum_network(folder / "predictions.parquet", ordered=True, seed=0, n_resamples=2000, **made)
""",
    "sensitivity of 2 networks": """
from shiftscope.sensitivity import SENSITIVITY
from shiftscope.sensitivity.estimates import sensitivity
from shiftscope.sensitivity.sides import Files
files = {("p", name): Files(folder / "sums.parquet", folder / "draws.parquet") for name in "ab"}
tables.write(folder / "sensitivity.parquet", sensitivity(files, level=0.95), SENSITIVITY)
""",
    "comparisons of 2 networks": """
from shiftscope.sensitivity import COMPARISONS
from shiftscope.sensitivity.comparisons import comparisons
from shiftscope.sensitivity.sides import Files
files = {("p", name): Files(folder / "sums.parquet", folder / "draws.parquet") for name in "ab"}
found = comparisons(files, seed=0, level=0.95, n_resamples=2000, adjust="holm")
tables.write(folder / "comparisons.parquet", found, COMPARISONS)
""",
    "relation": """
from shiftscope.association import CORRELATION
from shiftscope.association.correlation import relation
from shiftscope.bias import BIAS
images, bias = tables.read(folder / "images.parquet", tables.IMAGES), tables.read(folder / "bias.parquet", BIAS)
found = relation({("p", "a"): folder / "sums.parquet"}, images, bias, seed=0)
tables.write(folder / "relation.parquet", found, CORRELATION)
assert found["n_images"].max() > n / 2
""",
    "accuracy_by_surprisal": """
from shiftscope.association import ACCURACY_BY_SURPRISAL
from shiftscope.association.accuracy import accuracy_by_surprisal
boxes = tables.read(folder / "boxes.parquet", tables.BOXES)
found = accuracy_by_surprisal({("p", "a"): folder / "sums.parquet"}, boxes, {"other": boxes}, seed=0)
tables.write(folder / "accuracy_by_surprisal.parquet", found, ACCURACY_BY_SURPRISAL)
""",
}


def names(start: int, stop: int) -> list[str]:
    """File names of pictures, below the folder of pictures and without their ending: 10,000 in a folder."""
    return [f"n{k // 10_000:08}/ILSVRC2012_train_{k:08}" for k in range(start, stop)]


def make_pictures(folder: Path, n: int) -> None:
    """Links to a hundred files, which take no room of their own."""
    files = [folder / f"{k}.png" for k in range(FILES)]
    for k, file in enumerate(files):
        Image.fromarray(trial_frames(1, WIDTH, k)[0][:HEIGHT]).save(file)
    for start in range(0, n, 10_000):
        (folder / "pictures" / f"n{start // 10_000:08}").mkdir(parents=True)
        for k, name in enumerate(names(start, min(n, start + 10_000))):
            os.link(files[k % FILES], folder / "pictures" / f"{name}.png")


def make_annotations(folder: Path, n: int) -> None:
    """COCO's file, in its order of pictures and annotations, and the list."""
    rng = random.Random(0)
    with (folder / "coco.json").open("w") as coco, (folder / "list.csv").open("w") as rows:
        coco.write('{"info": {}, "images": [')
        rows.write("path,label\n")
        for k, name in enumerate(names(0, n)):
            size = f'"height": {HEIGHT}, "width": {WIDTH}'
            coco.write(f'{"," * (k > 0)}{{"license": 3, "file_name": "{name}.png", {size}, "id": {k}}}')
            rows.write(f"pictures/{name}.png,{rng.randrange(CATEGORIES)}\n")
        coco.write('], "annotations": [')
        for k in range(2 * n):
            w, h = rng.randrange(5, 30), rng.randrange(5, 30)
            x, y = rng.randrange(WIDTH - w), rng.randrange(HEIGHT - h)
            corners = f"[{x}.5,{y}.5,{x + w}.5,{y}.5,{x + w}.5,{y + h}.5]"
            coco.write(
                f'{"," * (k > 0)}{{"segmentation": [{corners}], "area": {w * h}, "iscrowd": 0, "image_id": {k // 2},'
                f' "bbox": [{x}, {y}, {w}, {h}], "category_id": {rng.randrange(CATEGORIES)}, "id": {k}}}'
            )
        categories = ", ".join(f'{{"id": {k}, "name": "c{k:04}"}}' for k in range(CATEGORIES))
        coco.write(f'], "categories": [{categories}]}}')


def make_predictions(folder: Path, n: int) -> None:
    """Shards of frames and predictions, of `STEPS` steps to a picture."""
    folder.mkdir()
    tables.write(folder / "skipped.parquet", tables.SKIPPED.to_frame(), tables.SKIPPED)
    noted = {"frames": 0, "windows": 0, "batch_size": 32, "audited": 0, "audited_changed": 0}
    write_running(folder / "running.json", noted)
    shards = max(1, n // SHARD)
    for k, block in enumerate(np.array_split(np.arange(n), shards)):
        rng = np.random.default_rng(k)
        m, rows = len(block), len(block) * STEPS
        label = rng.integers(0, CATEGORIES, m)
        top = np.where(rng.random((m, STEPS)) < 0.2, rng.integers(0, CATEGORIES, (m, STEPS)), label[:, None]).ravel()
        confidence = rng.beta(3, 1.5, rows)
        image_ids = pl.Series(names(block[0], block[-1] + 1)).gather(np.repeat(np.arange(m), STEPS))
        frames = pl.DataFrame({"image_id": image_ids, "step": np.tile(np.arange(STEPS), m)})
        filled = {name: pl.lit(None, dtype) for name, dtype in tables.FRAMES.items() if name not in frames.columns}
        tables.write(folder / f"frames-{k}.parquet", frames.with_columns(**filled), tables.FRAMES)
        predictions = frames.with_columns(
            value=pl.col("step").cast(pl.Float64),
            label=pl.Series(np.repeat(label, STEPS)),
            label_prob=pl.Series(confidence),
            label_rank=pl.Series(np.where(top == np.repeat(label, STEPS), 1, 3)),
            top5=pl.Series((top[:, None] + np.arange(5)) % CATEGORIES).arr.to_list(),
            top5_prob=pl.Series(confidence[:, None] * np.array([1, 0.1, 0.05, 0.02, 0.01])).arr.to_list(),
            prob_of_previous_top1=pl.when(pl.col("step") > 0).then(pl.Series(confidence * rng.uniform(0.8, 1, rows))),
        )
        tables.write(folder / f"predictions-{k}.parquet", predictions, tables.PREDICTIONS)


def row(stage: str, found: Cost, before: Cost | None) -> str:
    """A row of the table."""
    ratios = f"{found.cpu / before.cpu:.1f} | {found.memory / before.memory:.2f}" if before else "– | –"
    return f"| {stage} | {found.cpu:.1f} | {found.wall:.1f} | {found.memory:.2f} | {ratios} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--folder", help="where the files are made for a while: 6 GB for a million pictures")
    parser.add_argument("--stages", nargs="+", default=list(STAGES), help="the beginnings of the stages' names")
    args = parser.parse_args()
    chosen = {name: code for name, code in STAGES.items() if name.startswith(tuple(args.stages))}
    before: dict[str, Cost] = {}
    for n in args.sizes:
        with TemporaryDirectory(dir=args.folder) as name:
            folder = Path(name)
            make_pictures(folder, n)
            make_annotations(folder, n)
            make_predictions(folder / "shards", n)
            begin = BEGIN.format(folder=name, n=n, shards=max(1, n // SHARD))
            print(f"\n{n:,} pictures\n\n| stage | processor, s | clock, s | memory, GB | time ÷ before | memory ÷ before |")
            print("| --- | --- | --- | --- | --- | --- |", flush=True)
            for stage, code in chosen.items():
                found = cost(begin + code)
                print(row(stage, found, before.get(stage)), flush=True)
                before[stage] = found


if __name__ == "__main__":
    main()

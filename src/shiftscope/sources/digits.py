"""The embedded data set: real handwritten digits, set into textured scenes by a photographer whose habits are known."""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from shiftscope.core import limits
from shiftscope.core.files import complete
from shiftscope.core.packages import package_folder
from shiftscope.core.progress import progress
from shiftscope.core.randomness import generator
from shiftscope.sources import Listing, Source, sources
from shiftscope.sources.coco import Coco

HEIGHTS = {"centred": (26, 34), "uniform": (16, 48)}
"""px, both ends included: heights of the tight box that the photographer takes, all equally often."""

OFF_CENTRE = 3.0
"""px: how far a centred photographer's box centre is from the middle of the scene at most, in x and in y."""

VISIBLE = 0.25
"""Share of ink (0 = texture only, 1 = ink only) from which a pixel belongs to the digit: the annotated box is the
smallest that holds all such pixels."""

Array = NDArray[np.float32]


class Scene(NamedTuple):
    """One picture of the photographer's."""

    pixels: NDArray[np.uint8]
    """(size, size, 3), RGB."""
    ink: Array
    """(size, size), 0 to 1: how much of each pixel is covered by the digit."""
    box: tuple[int, int, int, int]
    """x, y, width, height in px: the tight box of ``ink >= VISIBLE``."""
    digit: int
    source: int
    """Which of scikit-learn's 1,797 digits it is."""


@sources.register(
    "digits",
    title="Digits in textured scenes",
    reference="Alpaydin & Kaynak 1998, UCI Optical Recognition of Handwritten Digits, the part inside scikit-learn",
)
class Digits(Source):
    """Scenes that are made here, from what scikit-learn ships: nothing is downloaded.

    A digit of 8 × 8 is enlarged smoothly and put as light ink on a darker texture whose spectrum falls as a power of
    the frequency, as that of photographs does. Every picture's randomness comes from the seed, the framing, the split
    and its number, so a picture is the same whichever others are made.
    """

    framing: Literal["centred", "uniform"] = "centred"
    """The photographer's habit. `centred`: digits 26 to 34 px high, within 3 px of the middle. `uniform`: 16 to 48 px
    high, anywhere: all whole-pixel places where the digit's box fits are equally likely."""
    count: int = Field(4000, ge=10, le=limits.COUNT)
    """Pictures; classes are as even as the number allows."""
    split: Literal["train", "test"] = "train"
    """Which handwriting: every fourth of the 1,797 digits is for `test` only, the others for `train` only."""
    size: int = Field(72, ge=64, le=1024)
    """px, width and height of a scene."""

    @property
    def provides(self) -> frozenset[str]:
        return frozenset({"pictures", "labels", "boxes"})

    def at_most(self) -> int:
        """As many as are made, or fewer by ``limit``."""
        return min(self.count, self.limit or self.count)

    def class_count(self) -> int:
        """Ten: the digits."""
        return 10

    def fetch(self, folder: Path, seed: int) -> None:
        """Write ``images/<digit>/<framing>-<split>-<number>.png`` and, last, ``annotations.json`` in COCO's format.

        Nothing is done where an annotation file of the same making is, and all of its pictures.
        """
        from PIL import Image

        info = self._info(seed)
        if self._is_made(folder, info):
            return
        # Pictures of another making must not be taken for those of the old annotation file if this is interrupted.
        self._annotations(folder).unlink(missing_ok=True)
        images, annotations = [], []
        for number, scene in progress(self._scenes(seed), self.count, "scenes"):
            name = f"{scene.digit}/{self.framing}-{self.split}-{number:05d}.png"
            with complete(folder / "images" / name) as part:
                Image.fromarray(scene.pixels).save(part, format="PNG", compress_level=1)
            images.append({"id": number, "file_name": name, "width": self.size, "height": self.size})
            annotations.append(
                {
                    "id": number + 1,  # COCO's own tools take 0 for none
                    "image_id": number,
                    "category_id": scene.digit,
                    "bbox": list(scene.box),
                    "area": scene.box[2] * scene.box[3],
                    "iscrowd": 0,
                    "segmentation": [],
                }
            )
        categories = [{"id": digit, "name": str(digit), "supercategory": "digit"} for digit in range(10)]
        dataset = {
            "info": info,
            "licenses": [],
            "images": images,
            "annotations": annotations,
            "categories": categories,
        }
        with complete(self._annotations(folder)) as part:
            part.write_text(json.dumps(dataset), encoding="utf-8")

    def trial(self, folder: Path, seed: int, count: int) -> tuple[Source, int]:
        """The first pictures."""
        few = self.model_copy(update={"count": max(10, min(count, self.count))})
        few.fetch(folder, seed)
        return few, self.count

    def listing(self, folder: Path) -> Listing:
        """All pictures that `fetch` made, read in the way of all COCO annotations."""
        return self._coco(folder).listing(folder)

    def boxes(self, folder: Path) -> pl.DataFrame:
        """The tight boxes of the digits, one per picture: whole numbers of pixels."""
        return self._coco(folder).boxes(folder)

    def _coco(self, folder: Path) -> Coco:
        return Coco(images=folder / "images", annotations=self._annotations(folder))

    def _annotations(self, folder: Path) -> Path:
        return folder / "annotations.json"

    def _scenes(self, seed: int) -> Iterator[tuple[int, Scene]]:
        return ((number, scene(seed, self.framing, self.split, number, self.size)) for number in range(self.count))

    def _info(self, seed: int) -> dict[str, Any]:
        low, high = HEIGHTS[self.framing]
        return {
            "description": "UCI handwritten digits from scikit-learn in 1/f textures, made by shiftscope",
            "framing": self.framing,
            "split": self.split,
            "count": self.count,
            "size": self.size,
            "seed": seed,
            "box_heights": [low, high],
            "box_centre_within": OFF_CENTRE if self.framing == "centred" else None,
            "box_of_ink_from": VISIBLE,
        }

    def _is_made(self, folder: Path, info: dict[str, Any]) -> bool:
        from PIL import Image

        try:
            dataset = json.loads(self._annotations(folder).read_text(encoding="utf-8"))
            if dataset["info"] != info:
                return False
            files = [folder / "images" / image["file_name"] for image in dataset["images"]]
            # One picture drawn anew shows whether the recipe is still the one that drew the others.
            _, first = next(self._scenes(info["seed"]))
            with Image.open(files[0]) as image:
                same = np.array_equal(np.asarray(image), first.pixels)
            return same and len(files) == self.count and all(file.is_file() for file in files)
        except (OSError, ValueError, LookupError, TypeError):
            return False


def scene(seed: int, framing: str, split: str, number: int, size: int = 72) -> Scene:
    """Picture `number` of a photographer.

    Parameters
    ----------
    seed, framing, split, number : decide everything in the picture.
    size : px, width and height of the picture.
    """
    rng = generator(seed, "digits", framing, split, number)
    digit = number % 10
    source = int(rng.choice(handwriting(split, digit)))
    low, high = HEIGHTS[framing]
    stamp, (left, top, width, height) = _stamp(source, int(rng.integers(low, high, endpoint=True)))
    x, y = (_place(rng, framing, size, extent) for extent in (width, height))
    ink = _paste(stamp, x - left, y - top, size)
    pixels = _colour(rng, ink, _texture(rng, size))
    return Scene(pixels, ink, (x, y, width, height), digit, source)


def handwriting(split: str, digit: int) -> NDArray[np.intp]:
    """Which of scikit-learn's 1,797 digits show `digit` and belong to the split."""
    _, targets = _digits()
    for_test = np.arange(targets.size) % 4 == 0
    return np.flatnonzero((targets == digit) & (for_test if split == "test" else ~for_test))


def ink_box(ink: Array) -> tuple[int, int, int, int]:
    """x, y, width, height of the smallest box that holds all pixels with ``ink >= VISIBLE``."""
    visible = ink >= VISIBLE
    columns, rows = np.flatnonzero(visible.any(axis=0)), np.flatnonzero(visible.any(axis=1))
    return int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


@lru_cache(1)
def _digits() -> tuple[Array, NDArray[np.intp]]:
    """(1797, 12, 12) intensities from 0 to 1 with two empty pixels around each digit, and which digits they are."""
    # The file that sklearn.datasets.load_digits reads. Importing that function takes nearly as long as making 1,000 scenes.
    rows = np.loadtxt(package_folder("sklearn", "scikit-learn") / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    images = rows[:, :-1].reshape(-1, 8, 8)
    padded = np.pad(images / images.max(), ((0, 0), (2, 2), (2, 2)))
    return padded.astype(np.float32), rows[:, -1].astype(np.intp)


@lru_cache(4096)
def _stamp(source: int, height: int) -> tuple[Array, tuple[int, int, int, int]]:
    """A digit enlarged (Pillow's bicubic) so that its tight box is `height` px high, and that box in the stamp."""
    from PIL import Image

    images, _ = _digits()
    small = Image.fromarray(images[source])
    # Bicubic interpolation carries ink less than a row beyond the last row that has some: smaller stamps have lower boxes.
    inked = np.ptp(np.flatnonzero(images[source].any(axis=1))) + 1
    smallest = max(height, int((height - 1) * small.height / (inked + 1)))
    # A pixel more of stamp is two thirds of a pixel more of box, so no height is jumped over.
    for side in range(smallest, 3 * height):
        ink = np.clip(np.asarray(small.resize((side, side), Image.Resampling.BICUBIC)), 0, 1)
        box = ink_box(ink)
        if box[3] == height:
            return ink, box
    raise AssertionError(f"no stamp of digit {source} is {height} px high")


def _place(rng: np.random.Generator, framing: str, size: int, extent: int) -> int:
    """Where the box begins: uniform over the whole-pixel places that the habit allows."""
    places = np.arange(size - extent + 1)
    if framing == "centred":
        places = places[np.abs(places + extent / 2 - size / 2) <= OFF_CENTRE]
    return int(rng.choice(places))


def _paste(stamp: Array, x: int, y: int, size: int) -> Array:
    """The stamp on an empty scene with its corner at (x, y); what is beyond the edge (faint ink only) is cut off."""
    ink = np.zeros((size, size), np.float32)
    rows = slice(max(y, 0), min(y + stamp.shape[0], size))
    columns = slice(max(x, 0), min(x + stamp.shape[1], size))
    ink[rows, columns] = stamp[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]
    return ink


@lru_cache(8)
def _frequencies(side: int) -> Array:
    frequency: Array = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]).astype(np.float32)
    frequency[0, 0] = np.inf  # no constant part
    return frequency


def _texture(rng: np.random.Generator, size: int) -> Array:
    """(size, size) noise, mean about 0, standard deviation about 1, amplitude ∝ 1/frequency^a with a in .8 to 1.4."""
    side = size * 3 // 2  # cut out of a larger one: the noise is periodic
    white = np.fft.rfft2(rng.standard_normal((side, side), np.float32))
    noise = np.fft.irfft2(white * _frequencies(side) ** -rng.uniform(0.8, 1.4), s=(side, side))
    return np.asarray(noise[:size, :size] / noise.std(), np.float32)


def _colour(rng: np.random.Generator, ink: Array, texture: Array) -> NDArray[np.uint8]:
    """Light ink of one tint over a darker texture of another → (size, size, 3) uint8."""
    level, contrast = rng.uniform(20, 50), rng.uniform(0.15, 0.35)
    ground = level * rng.uniform(0.75, 1.25, 3) * (1 + contrast * texture[..., None])
    light = (level + rng.uniform(140, 200)) * rng.uniform(0.85, 1.15, 3)
    blend = ground + ink[..., None] * (light - ground)
    return np.rint(np.clip(blend, 0, 255)).astype(np.uint8)

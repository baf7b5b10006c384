"""What frames cost on disk, and to read.

(d) the frames job of 200 pictures × 104 inpainted places: bytes on disk ÷ bytes of raw pixels, and peak memory;
(e) canvases of other protocols, a row for each encoding: bytes on disk ÷ bytes of raw pixels, and ms of the processor to
    encode and to decode one, in turns. Which encoding the job takes is marked by a star.

    python benchmarks/frames.py [folder of pictures] [--only d|e] [--pictures 25] [--rounds 3]
"""

import argparse
import resource
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from common import pictures

from shiftscope.core import tables
from shiftscope.data.canvases import LEVEL, smallest
from shiftscope.data.encodings import Encoding, encodings
from shiftscope.data.pictures import read_picture
from shiftscope.protocols import Picture, Unfit, protocols
from shiftscope.stages.frames import make_frames, sequence_of

SIZE = 224
INPAINT = {
    "side": 120, "resize": "longer", "offsets": "-52..51", "axis": "y", "place": "centre", "surround": "inpaint",
    "resizer": "pillow-lanczos",
}  # fmt: skip
OTHERS = {
    "centre": {},
    "crop": {"offsets": "0..8"},
    "embed": {"side": 100, "offsets": "0..8"},
    "pad": {},
    "scale": {},
    "rotate": {},
    "subpixel": {},
    "resizers": {},
}


def job(real: str | None) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        images = pictures(folder, 200, real=real)
        files = {name: folder / f"{name}.parquet" for name in ("canvases", "frames", "skipped")}
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        make_frames(
            kind="embed", options=INPAINT, images=images, boxes=None, size=SIZE, seed=0, refuse=False,
            **{f"{name}_path": path for name, path in files.items()},
        )  # fmt: skip
        seconds = time.perf_counter() - start
        frames = len(tables.read(files["frames"], tables.FRAMES))
        size = files["canvases"].stat().st_size
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        raw = frames * SIZE * SIZE * 3
        print(f"{frames} frames of {images.height} pictures, {1000 * seconds / frames:.2f} ms a frame, one thread")
        print(f"(d) disk ÷ raw: {size / raw:.3f} ({size / frames / 1000:.1f} kB a frame)")
        print(f"    peak memory: {peak / 1e6:.2f} GB ({before / 1e6:.2f} GB before the job)")


def compared(real: str | None, count: int, rounds: int) -> None:
    with TemporaryDirectory() as name:
        opened = [
            Picture(row["image_id"], read_picture(row["path"]))
            for row in pictures(Path(name), count, real=real).rows(named=True)
        ]
    for kind, options in OTHERS.items():
        protocol = protocols[kind].item.model_validate({**options, "kind": kind})
        images = []
        start = time.process_time()
        for picture in opened:
            with suppress(Unfit):
                images.append(sequence_of(protocol, picture, SIZE, seed=0).canvases)
        canvases = sum(map(len, images))
        made = (time.process_time() - start) / canvases
        raw = sum(canvas.nbytes for image in images for canvas in image)
        print(f"(e) {kind}: {canvases} canvases of {raw / canvases / 1000:.0f} kB, each made in {1000 * made:.1f} ms")
        found = {entry.name: [] for entry in encodings}
        for _ in range(rounds):
            for name, measured in found.items():
                measured.append(there_and_back(encodings[name].item(), images))
        for name, measured in found.items():
            size, encode, decode = np.median(measured, 0)
            times = f"encode {1000 * encode / canvases:.2f} ms, decode {1000 * decode / canvases:.2f} ms"
            print(f"   {'*' if name == smallest(images) else ' '}{name:5} disk ÷ raw: {size / raw:.3f}; {times}")


def there_and_back(encoding: Encoding, images: list[list[np.ndarray]]) -> tuple[float, float, float]:
    """Bytes of all images on disk, and seconds of the processor to encode and to decode them."""
    zstd = pa.Codec("zstd", compression_level=LEVEL)
    start = time.process_time()
    stored = [[encoding.encode(canvas) for canvas in image] for image in images]
    packed = [zstd.compress(b"".join(cells), asbytes=True) for cells in stored]
    encoded = time.process_time()
    for image, cells, pack in zip(images, stored, packed, strict=True):
        zstd.decompress(pack, sum(map(len, cells)))
        for canvas, cell in zip(image, cells, strict=True):
            encoding.decode(memoryview(cell), *canvas.shape[:2])
    return sum(map(len, packed)), encoded - start, time.process_time() - encoded


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--only", choices=["d", "e"])
    parser.add_argument("--pictures", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if args.only != "e":
        job(args.folder)
    if args.only != "d":
        compared(args.folder, args.pictures, args.rounds)


if __name__ == "__main__":
    main()

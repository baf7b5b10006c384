"""(d) The frames job of 200 pictures × 104 inpainted places: bytes on disk ÷ bytes of raw pixels, and peak memory.

python benchmarks/frames.py [folder of pictures]
"""

import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from common import pictures

from shiftscope.core import tables
from shiftscope.stages.frames import make_frames

SIZE = 224


def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        images = pictures(folder, 200, real=sys.argv[1] if len(sys.argv) > 1 else None)
        files = {name: folder / f"{name}.parquet" for name in ("canvases", "frames", "skipped")}
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        make_frames(
            kind="embed",
            options={
                "side": 120, "resize": "longer", "offsets": "-52..51", "axis": "y", "place": "centre",
                "surround": "inpaint", "resizer": "pillow-lanczos",
            },
            images=images, boxes=None, size=SIZE, seed=0, refuse=False,
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


if __name__ == "__main__":
    main()

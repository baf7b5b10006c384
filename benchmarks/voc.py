"""How fast annotations are read out of an archive, against the usual way: extract it, then xml.etree file by file.

python benchmarks/voc.py [--files 100000] [--rounds 1]
"""

import argparse
import io
import resource
import tarfile
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import numpy as np

from shiftscope.data.formats.voc import read_annotations

FORM = """<annotation>
\t<folder>{wnid}</folder>
\t<filename>{name}</filename>
\t<source>
\t\t<database>ILSVRC_2012</database>
\t</source>
\t<size>
\t\t<width>{width}</width>
\t\t<height>{height}</height>
\t\t<depth>3</depth>
\t</size>
\t<segmented>0</segmented>{objects}
</annotation>
"""
OBJECT = """
\t<object>
\t\t<name>{wnid}</name>
\t\t<pose>Unspecified</pose>
\t\t<truncated>0</truncated>
\t\t<difficult>0</difficult>
\t\t<bndbox>
\t\t\t<xmin>{x}</xmin>
\t\t\t<ymin>{y}</ymin>
\t\t\t<xmax>{right}</xmax>
\t\t\t<ymax>{bottom}</ymax>
\t\t</bndbox>
\t</object>"""


def write(path: Path, count: int) -> None:
    """An archive laid out as ImageNet's: 1000 classes, one to three objects a file."""
    rng = np.random.default_rng(0)
    with tarfile.open(path, "w:gz", compresslevel=6) as tar:
        for k in range(count):
            wnid = f"n{1000000 + k % 1000:08}"
            width, height = rng.integers(200, 600, 2)
            objects = ""
            for _ in range(rng.integers(1, 4)):
                x, y = rng.integers(1, width // 2), rng.integers(1, height // 2)
                objects += OBJECT.format(
                    wnid=wnid, x=x, y=y, right=rng.integers(x, width) + 1, bottom=rng.integers(y, height) + 1
                )
            name = f"{wnid}_{k}"
            data = FORM.format(wnid=wnid, name=name, width=width, height=height, objects=objects).encode()
            info = tarfile.TarInfo(f"Annotation/{wnid}/{name}.xml")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def usual(path: Path, folder: Path) -> list[tuple[str, str, float, float, float, float]]:
    """Extracted to disk, then file by file."""
    with tarfile.open(path) as tar:
        tar.extractall(folder, filter="data")
    rows = []
    for file in sorted(folder.rglob("*.xml")):
        for item in ElementTree.parse(file).getroot().findall("object"):
            edges = [float(item.findtext(f"bndbox/{tag}", "")) for tag in ("xmin", "ymin", "xmax", "ymax")]
            rows.append((file.stem, item.findtext("name", ""), edges[0] - 1, edges[1] - 1, edges[2], edges[3]))
    return rows


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    with TemporaryDirectory() as name:
        archive = Path(name, "boxes.tar.gz")
        write(archive, arguments.files)
        print(f"{arguments.files} files, {archive.stat().st_size / 1e6:.0f} MB packed")
        before = peak_mb()
        for number in range(arguments.rounds):
            start = time.perf_counter()
            found = read_annotations(archive)
            ours_s = time.perf_counter() - start
            peak = peak_mb() - before
            start = time.perf_counter()
            rows = usual(archive, Path(name, f"out{number}"))
            usual_s = time.perf_counter() - start
            columns = ("image_id", "category", "x_min", "y_min", "x_max", "y_max")
            ours = [(row[0].rsplit("/", 1)[-1], *row[1:]) for row in found.boxes.select(columns).rows()]
            assert sorted(ours) == sorted(rows)
            print(f"ours {ours_s:.1f} s, {peak:.0f} MB more than before, for {len(rows)} boxes; usual way {usual_s:.1f} s")
            print(f"usual way ÷ ours, seconds: {usual_s / ours_s:.1f}", flush=True)


if __name__ == "__main__":
    main()

"""Size, opening and redrawing of the explorer: made-up predictions of 200 pictures × 104 steps × 5 networks × 1000 classes.

    OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 python benchmarks/explorer.py [rounds]

Needs a Chromium and its driver on the PATH, and selenium. Logits drift from step to step, as those of networks do on
neighbouring frames. Printed are the bytes of the page by what they are for; seconds of the job that makes it; and, in the
browser, milliseconds from the navigation to the first picture drawn with its frames, of one more picture, and of one step,
style and layout included.
"""

import json
import os
import re
import statistics
import sys
import time
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from common import pictures

from shiftscope.core import tables
from shiftscope.core.html import save
from shiftscope.explorer.inputs import Inputs
from shiftscope.explorer.page import render
from shiftscope.stages.describing import describe

PICTURES, STEPS, NETWORKS, CLASSES, SIZE = 200, 104, 5, 1000, 224
RECIPE = {"kind": "crop", "options": {"offsets": list(range(STEPS)), "area": [0.5, 1.0]}, "seed": 0}


def predictions(path: Path, images: pl.DataFrame, seed: int) -> Path:
    """Predictions of one network, whose logits drift."""
    rng = np.random.default_rng(seed)

    def pieces():
        for image_id, label in images.select("image_id", "label").iter_rows():
            logits = 2 * rng.normal(0, 1, CLASSES) + np.cumsum(rng.normal(0, 0.2, (STEPS, CLASSES)), 0)
            logits[:, label] += rng.uniform(4, 9)
            columns = {"image_id": image_id, "step": range(STEPS), "value": np.arange(STEPS, dtype=float), "label": label}
            frames = pl.DataFrame(columns, schema_overrides={"step": pl.Int32, "label": pl.Int32})
            yield describe(frames, logits.astype(np.float32), np.arange(STEPS))

    tables.write_pieces(path, pieces(), tables.PREDICTIONS)
    return path


def made_up(folder: Path) -> Inputs:
    """What the rule `explorer` would be given."""
    rng = np.random.default_rng(0)
    images = pictures(folder, PICTURES).with_columns(
        label=pl.Series(rng.integers(0, CLASSES, PICTURES), dtype=pl.Int32), category=pl.lit("c")
    )
    networks = {f"network-{number}": SIZE for number in range(NETWORKS)}
    files = {name: predictions(folder / f"{name}.parquet", images, number) for number, name in enumerate(networks)}
    facts = {"title": "sliding crop", "unit": "px", "note": "", "ordered": True, "recipe": RECIPE}
    names = [f"class number {index}" for index in range(CLASSES)]
    return Inputs("made up", 0, networks, {"crop": facts}, images, None, names, {"crop": files})


READY = "performance.getEntriesByName('ready').at(-1)?.startTime"
"""JavaScript: when a picture was last drawn with its frames, ms since the navigation."""
OPENED = f"""
const end = arguments[0];
(function look() {{ if ({READY}) end({READY}); else setTimeout(look, 20); }})();
"""
TURNED = f"""
const end = arguments[0], found = [];
for (const one of [...document.querySelectorAll("#pictures li")].slice(1, 21)) {{
  const start = performance.now();
  one.click();
  while (!({READY} > start)) await new Promise((go) => setTimeout(go, 0));
  found.push({READY} - start);
}}
end(found);
"""
STEPPED = """
const slider = document.getElementById("step"), found = [];
for (let k = 1; k < Number(slider.max); k++) {
  slider.value = k;
  const start = performance.now();
  slider.dispatchEvent(new Event("input"));
  document.body.getBoundingClientRect();
  found.push(performance.now() - start);
}
return found;
"""


def in_browser(page: Path, profile: Path, rounds: int) -> None:
    """Open the page, go to pictures and to steps, and print how long that took."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    os.environ |= {"SE_OFFLINE": "true", "SE_AVOID_STATS": "true"}
    options = webdriver.ChromeOptions()
    options.binary_location = os.environ.get("SHIFTSCOPE_CHROMIUM") or which("chromium") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--window-size=1280,900"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(which("chromedriver")))
    driver.set_script_timeout(120)
    opened, turned, stepped = [], [], []
    try:
        for _ in range(rounds):
            driver.get("about:blank")
            driver.get(page.as_uri())
            opened.append(driver.execute_async_script(OPENED))
            turned += driver.execute_async_script(f"(async function () {{ {TURNED} }}).apply(null, arguments);")
            stepped += driver.execute_script(STEPPED)
    finally:
        driver.quit()
    for said, found in (("open", opened), ("one more picture", turned), ("one step", stepped)):
        high = np.quantile(found, 0.95)
        print(f"{said}: {statistics.median(found):.1f} ms (19 of 20 below {high:.1f}; {len(found)} times)")


def main() -> None:
    """Print sizes and times."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with TemporaryDirectory() as name:
        folder = Path(name)
        inputs = made_up(folder)
        start, spent = time.perf_counter(), time.process_time()
        html = render(inputs)
        print(f"job: {time.perf_counter() - start:.1f} s, of the processor {time.process_time() - spent:.1f} s")
        save(html, folder / "explorer.html")
        print(f"page: {len(html.encode()) / 1e6:.2f} MB")
        blocks = dict(re.findall(r'<script type="[a-z/]+" id="([a-z-]+[0-9]*)">(.*?)</script>', html, re.DOTALL))
        for block, text in blocks.items():
            print(f"  {block}: {len(text.encode()) / 1e6:.3f} MB")
        index = json.loads(blocks["index"])
        (protocol,) = index["protocols"]
        print(
            f"  {len(index['pictures'])} pictures; frames of",
            {key: protocol["frames"][key] for key in ("pictures", "side")},
        )
        in_browser(folder / "explorer.html", folder / "profile", rounds)


if __name__ == "__main__":
    main()

"""What is paid before anything runs: imports, and what reading the workflow adds to Snakemake's own start.

python benchmarks/startup.py
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from common import alternately

ROOT = Path(__file__).parents[1]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")


def main() -> None:
    def python(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)

    with TemporaryDirectory() as folder:
        Path(folder, "Snakefile").write_text("rule all:\n    input: []\n")

        def parse(where: str | Path) -> None:
            subprocess.run([SNAKEMAKE, "--list-rules"], check=True, cwd=where, capture_output=True)

        nothing, package, plan, job, torch_job, empty, ours = (
            np.median(seconds)
            for seconds in alternately(
                5,
                lambda: python("pass"),
                lambda: python("import shiftscope"),
                lambda: python("import shiftscope.workflow.plan"),
                lambda: python(
                    "import shiftscope.stages.infer; from shiftscope.engines.openvino import _openvino; _openvino()"
                ),
                lambda: python("import shiftscope.stages.infer, torch, timm"),
                lambda: parse(folder),
                lambda: parse(ROOT),
            )
        )
    print(f"import shiftscope: {package - nothing:.2f} s; workflow.plan (what the Snakefile needs): {plan - nothing:.2f} s")
    print(f"inference job, imports: OpenVINO {job - nothing:.2f} s, torch and timm {torch_job - nothing:.2f} s "
          f"(ratio {(torch_job - nothing) / (job - nothing):.1f})")  # fmt: skip
    print(f"Snakefile: {ours - empty:.2f} s more than an empty one ({ours:.2f} s against {empty:.2f} s)")


if __name__ == "__main__":
    main()

"""What is paid before anything runs: imports. `workflow.py` measures what Snakemake takes.

python benchmarks/startup.py
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
from common import alternately

ROOT = Path(__file__).parents[1]


def main() -> None:
    def python(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)

    nothing, package, plan, job, torch_job = (
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
        )
    )
    print(f"import shiftscope: {package - nothing:.2f} s; workflow.plan (what the Snakefile needs): {plan - nothing:.2f} s")
    print(f"inference job, imports: OpenVINO {job - nothing:.2f} s, torch and timm {torch_job - nothing:.2f} s "
          f"(ratio {(torch_job - nothing) / (job - nothing):.1f})")  # fmt: skip


if __name__ == "__main__":
    main()

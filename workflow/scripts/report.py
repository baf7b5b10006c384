"""The page that a run ends with."""

import json
from pathlib import Path

from shiftscope.bias import BIAS, CORRELATION, FRAMING_COMPARISON, INCLUSION
from shiftscope.core import tables
from shiftscope.core.files import complete
from shiftscope.report.framing import Framing
from shiftscope.report.page import FigureOnPage, render
from shiftscope.sensitivity import ACCURACY_BY_SURPRISAL, COMPARISONS, SENSITIVITY
from shiftscope.stages.frames import unvaried
from shiftscope.workflow.job import job

with job(snakemake.log[0]):
    files, facts = snakemake.input, snakemake.params.facts
    drawn = zip(facts["figures"], files.get("figures", []), files.get("captions", []), strict=True)
    page = render(
        facts=facts,
        images=tables.read(files.images, tables.IMAGES),
        skipped=tables.read([files.skipped, *files.skipped_frames], tables.SKIPPED),
        unvaried=unvaried(facts["sequences"], files.get("frames", [])),
        cards=[json.loads(Path(path).read_text()) for path in files.get("cards", [])],
        sensitivity=tables.read_if(files.get("sensitivity"), SENSITIVITY),
        comparisons=tables.read_if(files.get("comparisons"), COMPARISONS),
        bias=tables.read_if(files.get("bias"), BIAS),
        framing=Framing(
            inclusion=tables.read_if(files.get("inclusion"), INCLUSION),
            others={
                name: tables.read(path, FRAMING_COMPARISON)
                for name, path in zip(facts["compare_with"], files.get("framing", []), strict=True)
            },
            landmarks=tables.read_if(files.get("landmark_bias"), BIAS),
            relation=tables.read_if(files.get("relation"), CORRELATION),
            accuracy_by_surprisal=tables.read_if(files.get("accuracy_by_surprisal"), ACCURACY_BY_SURPRISAL),
        ),
        figures=[
            FigureOnPage(
                fact["title"], fact["protocol"] or "", Path(png), Path(text).read_text().strip(), fact["reference"]
            )
            for fact, png, text in drawn
        ],
    )
    with complete(snakemake.output.report) as part:
        part.write_text(page, encoding="utf-8")

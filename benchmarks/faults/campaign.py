"""Do faults to small runs, and print what came of each: `python benchmarks/faults/campaign.py [name of a kind] [--seed N]`.

It needs Linux and, for faults of disks and clocks, root and `faketime`. A fault counts as survived if it was noticed, said
in a sentence, mended by the command that was named, and if all tables are then those of a run that nothing happened to.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from kinds import all_faults
from place import Place


def main() -> int:
    """Run the campaign; 1 where a fault was not survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="words of the names of the kinds to try; all if none is given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=1000, help="faults of each kind")
    chosen = parser.parse_args()
    rows, lost = [], 0
    with tempfile.TemporaryDirectory() as name:
        start = time.monotonic()
        whole = Place.new(Path(name, "whole"))
        code, said = whole.run()
        if code or whole.verify()[0]:
            print(said[-3000:], whole.verify()[1])
            raise SystemExit("the run without a fault does not end well")
        expected = whole.tables()
        print(f"undisturbed: {len(expected)} tables and figures, {time.monotonic() - start:.0f} s", flush=True)
        for kind, faults in all_faults(sorted(whole.made())).items():
            if chosen.only and not any(word in kind for word in chosen.only):
                continue
            outcomes = []
            for number, fault in enumerate(faults[: chosen.most]):
                place = whole.copy(Path(name, f"{kind}-{number}".replace(" ", "-")))
                outcome = fault(place, random.Random(f"{chosen.seed}/{kind}/{number}"))
                same = place.tables() == expected
                outcomes.append((*outcome, same))
                if not all(outcomes[-1]):
                    lost += 1
                    print(f"NOT SURVIVED: {kind}, number {number}: {outcome}, same tables: {same}", flush=True)
                    place.folder.rename(Path(tempfile.mkdtemp(prefix="fault-")) / "place")
                else:
                    place.remove()
            counts = [sum(column) for column in zip(*outcomes, strict=True)]
            rows.append((kind, len(outcomes), *counts))
            print(f"| {' | '.join(map(str, rows[-1]))} |", flush=True)
    print("\n| fault | tried | noticed | said | mended | same tables |\n| --- | --- | --- | --- | --- | --- |")
    for row in [*rows, ("all", *(sum(column) for column in list(zip(*rows, strict=True))[1:]))]:
        print(f"| {' | '.join(map(str, row))} |")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())

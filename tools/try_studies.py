"""Try every study of a folder, in small and with the first of its exemplars alone.

    .venv/bin/python tools/try_studies.py studies OUT

OUT/cells has the images; OUT/report.html is the report of the last study. Ends with 1 where a run
ended as nobody expected, or none of a study could be made.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from texonnx.studies import cells_of, default_jobs, load_study, run_cells, write_report
from texonnx.studies.outcome import BROKEN, DIVERGED, DONE


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", type=Path)
    parser.add_argument("output", type=Path)
    asked = parser.parse_args(arguments)
    studies = {}
    for path in sorted(asked.studies.glob("*.toml")):
        study = load_study(path)
        studies[path.stem] = replace(study, subjects=study.subjects[:1])
    if not studies:
        parser.error(f"there is no study in '{asked.studies}'")
    cells = {name: cells_of(study, quick=True) for name, study in studies.items()}
    every = [cell for some in cells.values() for cell in some]
    for _ in run_cells(every, asked.output, default_jobs(every)):
        pass  # What came of them is read below, study by study.
    failed = False
    for name, study in studies.items():
        results = list(write_report(study, cells[name], asked.output, quick=True))
        made = sum(one.outcome.status in (DONE, DIVERGED) for one in results)
        print(f"{name}: {made} of {len(results)}")
        for one in results:
            if one.outcome.status == BROKEN:
                print(f"{name}, {one.cell.label}: {one.outcome.message}")
                failed = True
        failed = failed or not made
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

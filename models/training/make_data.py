#!/usr/bin/env python3
"""Makes the data of a shipped model: samples configurations, labels them by GFN-xTB, writes one .npz file.

    python make_data.py organics --output organics.npz --processes 2
    python make_data.py organics --output organics-2.npz --refine organics.npz --model organics.mlff --program mlffgen

The second line is the second round, from configurations that a trained model visits (refine.py). Finished tasks lie in
a folder beside the output, so that an interrupted run goes on where it was; --gather writes what is there by now and
samples nothing.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

import refine
from bounds import Bounds, lowest_energies
from collect import gather, run_tasks
from dataset import Dataset, load


def _within(data: Dataset, bounds: Bounds, lowest: Mapping[str, float]) -> Dataset:
    """What lies within the bounds; prints how many of each kind do not."""
    kept = bounds.kept(data, lowest)
    for at, kind in enumerate(data.kind_names.tolist()):
        print(f"{kind}: {np.sum(kept & (data.kinds == at))} kept, {np.sum(~kept & (data.kinds == at))} beyond {bounds}")
    return data.select(np.flatnonzero(kept))


def main() -> None:
    parser = argparse.ArgumentParser(description="Samples configurations and labels them by GFN-xTB.")
    parser.add_argument("set", choices=("organics", "water"))
    parser.add_argument("--output", type=Path, required=True, help="the .npz file; tasks go to <output>.parts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--gather", action="store_true", help="only put together the tasks that are finished")
    parser.add_argument("--refine", type=Path, metavar="FIRST", help="a second round: the file of the first one")
    parser.add_argument("--model", type=Path, help="with --refine: a model compiled by mlffgen")
    parser.add_argument("--program", type=Path, default=Path("mlffgen"), help="with --refine: mlffgen")
    arguments = parser.parse_args()
    if (arguments.refine is None) != (arguments.model is None):
        parser.error("--refine and --model go together")

    parts = arguments.output.with_suffix(".parts")
    maker = importlib.import_module(arguments.set)
    if arguments.refine is None:
        stages = maker.tasks()
    else:
        stages = refine.tasks(arguments.refine, arguments.program, arguments.model, maker.METHOD)
    if not arguments.gather:
        for stage in stages:
            run_tasks(stage, arguments.seed, parts, arguments.processes)
    try:
        data = gather([task for stage in stages for task in stage], parts)
    except ValueError as error:
        raise SystemExit(f"make_data.py: {parts}: {error}") from None
    if maker.BOUNDS is not None:
        first = [] if arguments.refine is None else [load(arguments.refine)]
        data = _within(data, maker.BOUNDS, lowest_energies(data, *first))
    data.save(arguments.output)
    print(f"{arguments.output}: {len(data)} configurations, {len(data.numbers)} atoms")


if __name__ == "__main__":
    main()

"""Trainings that differ in one thing each, by several seeds: medians and spread of their mIoU.

A trial is a YAML file in `benchmarks/trials`: the data, options that all trainings share, the variants, and what
each is scored on. A training that is finished is not made again, so that a trial which was interrupted goes on.

    python benchmarks/trial.py benchmarks/trials/radar.yaml --work trials [--seeds 0 1 2]

Data is `real` (the folder of `OEMSAR_REAL_DATA`, four tiles to train on and two to score) or a simulated world.
"""

import argparse
import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from oemsar.dataset.index import index_tiles
from oemsar.evaluate.config import EvaluateConfig
from oemsar.evaluate.run import evaluate_model
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.run import simulate_world
from oemsar.train.config import TrainConfig
from oemsar.train.run import train_model
from oemsar.train.run_folder import CONFIG

PLACES = {"{real}": os.environ.get("OEMSAR_REAL_DATA", "../shared/real")}


def table_of(data: str | Mapping[str, Any], work: Path) -> Path:
    """Index the real tiles, or simulate a world and index it, unless that was done.

    Args:
        data: `real`, or options of a simulated world.
        work: Folder to write to.
    """
    table = work / "tiles.parquet"
    if table.exists():
        return table
    if data == "real":
        root = Path(PLACES["{real}"]) / "oem_sar"
    else:
        root = work / "world"
        simulate_world(root, config=WorldConfig.model_validate(data))
    index_tiles(root, table)
    return table


def score(trial: Mapping[str, Any], variant: Mapping[str, Any], folder: Path, table: Path) -> dict[str, float]:
    """Score a finished training in every way that the trial names, mIoU in percent."""
    models = [folder, *(Path(each) for each in variant.get("with", ()))]
    ways: Mapping[str, Mapping[str, Any]] = trial.get("scores", {"val": {"split": "val"}})
    found = {}
    for name, options in {**ways, **variant.get("scores", {})}.items():
        config = EvaluateConfig.model_validate({"engine": "torch", **options})
        found[name] = round(100 * (evaluate_model(models, table, config=config).scores.miou or 0), 2)
    return found


def results(trial: Mapping[str, Any], work: Path, seeds: list[int]) -> Iterator[tuple[str, int, dict[str, float]]]:
    """Make the trainings, seed by seed, and score each; finished ones are read."""
    table = table_of(trial["data"], work)
    for seed in seeds:
        for name, variant in trial["variants"].items():
            folder = work / f"{name}_{seed}"
            done = folder / "trial.json"
            if not done.exists():
                text = yaml.safe_dump({**trial.get("base", {}), **(variant.get("train") or {})})
                options = yaml.safe_load(text.replace("{work}", str(work)).replace("{seed}", str(seed)))
                config = TrainConfig(**options, seed=seed)
                train_model(table, folder, config=config, resume=(folder / CONFIG).exists())
                found = score(trial, variant, folder, table)
                done.write_text(json.dumps(found))
                print(name, seed, found, flush=True)
            yield name, seed, json.loads(done.read_text())


def tabulate(found: list[tuple[str, int, dict[str, float]]]) -> str:
    """Write medians, lowest and highest mIoU of each variant as Markdown."""
    names = list(dict.fromkeys(name for name, _, _ in found))
    ways = list(dict.fromkeys(way for _, _, scores in found for way in scores))
    rows = [f"| variant | {' | '.join(ways)} |", f"| --- |{' --- |' * len(ways)}"]
    for name in names:
        cells = []
        for way in ways:
            values = [scores[way] for each, _, scores in found if each == name and way in scores]
            cells.append(f"{median(values):.1f} ({min(values):.1f}-{max(values):.1f})" if values else "")
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> None:
    """Read the arguments, make the trial and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trial", type=Path)
    parser.add_argument("--work", type=Path, default=Path("trials"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    trial = yaml.safe_load(options.trial.read_text())
    work = options.work / options.trial.stem
    work.mkdir(parents=True, exist_ok=True)
    print(tabulate(list(results(trial, work, options.seeds))))


if __name__ == "__main__":
    main()

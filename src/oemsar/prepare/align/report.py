"""The report of an alignment, made from what was found."""

import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from oemsar.arrays import Doubles
from oemsar.prepare.align.config import AlignConfig
from oemsar.prepare.align.matching.search import Stage
from oemsar.prepare.align.model.correction import Correction, Correspondences
from oemsar.prepare.align.model.selection import Choice, Trial
from oemsar.prepare.align.outcome import Outcome
from oemsar.prepare.align.scene.geometry import Geometry
from oemsar.prepare.align.summary import AlignReport, LevelSummary, Residuals, TrialSummary
from oemsar.prepare.align.verdict import Figures, Judgement
from oemsar.record import RunRecord, origin, run_record, source_name


def make_report(
    found: Outcome, geometry: Geometry, judged: Judgement, *, sar: Path, optical: Path, config: AlignConfig
) -> AlignReport:
    """Summarise an alignment.

    Args:
        found: Findings about the pair.
        geometry: Geometry of the pair.
        judged: Verdict on the alignment.
        sar: Radar image.
        optical: Orthophoto.
        config: Options of the alignment.
    """
    choice, search = found.choice, found.search
    relief = None if search is None else search.images.relief
    return AlignReport(
        verdict=judged.verdict,
        reasons=judged.reasons,
        warnings=[*_warnings(geometry, config), *([] if search is None else search.cautions)],
        sar=source_name(sar),
        optical=source_name(optical),
        n_tie_points=0 if found.correspondences is None else len(found.correspondences),
        model=None if choice is None else choice.correction.model,
        residual_px=Residuals(median=None, p95=None, along_look=None, across_look=None)
        if choice is None or found.correspondences is None
        else residuals(found.correspondences, choice, geometry.direction_to_radar, geometry.to_optical()),
        figures={} if found.figures is None else _finite(found.figures),
        offset_px=None if choice is None else _offset(geometry, choice.correction),
        gsd_m=geometry.gsd,
        look=geometry.look,
        crown_depth=None if relief is None else relief.depth,
        trials=[] if choice is None else [_trial(trial) for trial in choice.trials],
        stages=[] if search is None else [_level(stage) for stage in search.stages],
        thresholds=config.thresholds,
        record=_record(sar, optical, config),
    )


def _trial(trial: Trial) -> TrialSummary:
    """Summarise the errors of a model."""
    return TrialSummary(
        model=trial.model,
        median_px=trial.median if math.isfinite(trial.median) else None,
        rms_px=trial.mean,
        rejected=trial.rejected,
    )


def _level(stage: Stage) -> LevelSummary:
    """Summarise the matches of a level."""
    return LevelSummary(
        factor=stage.level.factor,
        window=stage.level.window,
        windows=stage.windows,
        matches=len(stage.matches),
        agreeing=int(stage.agreeing.sum()),
        shift_px=(stage.shift.x * stage.level.factor, stage.shift.y * stage.level.factor),
        prominence=stage.shift.prominence,
        model=stage.correction.model,
    )


def _finite(figures: Figures) -> dict[str, int | float | None]:
    """Give the figures by name, None for those that are not finite."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in asdict(figures).items()
    }


def _offset(geometry: Geometry, correction: Correction) -> tuple[float, float]:
    """Measure the displacement of the radar image in its middle, columns and rows of the orthophoto."""
    x, y = geometry.lattice(5)
    prior = geometry.prior(x, y)
    level = np.full_like(x, correction.frame.height)
    apart = np.stack(correction(*prior, level)) - np.stack(prior)
    middle = np.nanmedian(apart.reshape(2, -1), 1)
    columns, rows = -geometry.to_optical() @ middle
    return float(columns), float(rows)


def _warnings(geometry: Geometry, config: AlignConfig) -> list[str]:
    """Note the cautions that no figure shows."""
    warnings = []
    if geometry.grid is None:
        warnings.append("without georeferencing the images are aligned in pixels")
    if config.dsm is None:
        warnings.append(
            "without a surface model roofs and crowns, which lean towards the radar, count as ground"
        )
    return warnings


def _plain(bands: tuple[int, ...] | None) -> JsonValue:
    return None if bands is None else list(bands)


def _record(sar: Path, optical: Path, config: AlignConfig) -> RunRecord:
    """Describe the run, its inputs by name and checksum."""
    terrain, look = config.terrain, config.look
    inputs = [sar, optical, *([] if terrain is None else terrain.files())]
    if config.tie_points is not None:
        inputs.append(config.tie_points)
    options: dict[str, JsonValue] = {
        "search": config.search,
        "engine": config.engine,
        "values": config.values,
        "kernel": config.kernel,
        "bands": _plain(config.bands),
        "nodata": config.nodata,
        "optical_bands": _plain(config.optical_bands),
        "optical_nodata": config.optical_nodata,
        "tie_points": None if config.tie_points is None else config.tie_points.name,
        "dem": None if terrain is None else source_name(terrain.dem),
        "geoid": None if terrain is None or terrain.geoid is None else source_name(terrain.geoid),
        "dsm": None if terrain is None or terrain.dsm is None else source_name(terrain.dsm),
        "dem_datum": config.dem_datum,
        **({} if config.dem_void == "refuse" else {"dem_void": config.dem_void}),
        "look": None if look is None else asdict(look),
        "projection_height": config.projection_height,
    }
    return run_record({"align": options, "inputs": [origin(path) for path in inputs]})


def residuals(
    correspondences: Correspondences,
    choice: Choice,
    direction: tuple[float, float] | None,
    to_optical: Doubles,
) -> Residuals:
    """Compute leave-one-out errors in pixels of the orthophoto, overall and by direction.

    Args:
        correspondences: Positions that the correction rests on.
        choice: Correction, and how it was chosen.
        direction: Unit vector (columns, rows) of the orthophoto along the look; None where it is not known.
        to_optical: (2, 2), matrix from displacements in the radar image to those in the orthophoto.

    Returns:
        Median and 95th percentile; medians of absolute values along and across the look.
    """
    misses = to_optical @ correspondences.misses(choice.correction)
    length = np.hypot(*misses)
    misses = misses * (choice.left_out / np.maximum(length, 1e-9))
    along = across = None
    if direction is not None:
        x, y = direction
        along = float(np.median(np.abs(misses[0] * x + misses[1] * y)))
        across = float(np.median(np.abs(misses[1] * x - misses[0] * y)))
    return Residuals(
        median=float(np.median(choice.left_out)),
        p95=float(np.quantile(choice.left_out, 0.95)),
        along_look=along,
        across_look=across,
    )

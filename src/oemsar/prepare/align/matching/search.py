"""Search from coarse to fine for the correction of a pair, and the correspondences it rests on."""

import logging
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.prepare.align.matching.consensus import consensus
from oemsar.prepare.align.matching.correlate import Peak
from oemsar.prepare.align.matching.levels import FEW, REACH, BestOfRange, Range, levels_of, window_of
from oemsar.prepare.align.matching.matchers import Matcher
from oemsar.prepare.align.matching.scale_turn import ScaleTurn, find_scale_and_turn
from oemsar.prepare.align.matching.windows import Level, Matches, Surfaces, best_shift, compare, matches_of
from oemsar.prepare.align.model.correction import Correction, Correspondences, Model, fit, no_correction
from oemsar.prepare.align.model.selection import Choice, choose
from oemsar.prepare.align.scene.images import Images
from oemsar.prepare.align.scene.relief_displacement import DEPTHS
from oemsar.progress import Report, silent

log = logging.getLogger(__name__)

_LAST_REACH = 6
_TOLERANCE = 4.0
"""Pixels of a level that a match may lie off the best affine: terrain that no model took out."""
_SHARED = 1.5
"""Sides of a window within which two matches share pixels, neighbours' surfaces counted in."""
_STILL = 1.0
"""Pixels by which the finest level may move the field before it is gone through again."""
_CLEAR = 0.5
"""Prominence from which on the orthophoto's own best displacement counts."""
_LEAST_SHARE = 0.25
"""Share of the matches that has to agree before a level bends what the level before found."""


class Stage(NamedTuple):
    """Findings of one level.

    Attributes:
        level: Scale of the level.
        shift: Peak of all windows together, pixels of the level.
        matches: Matches that forward and backward agree on.
        agreeing: (matches,), whether each belongs together with the others.
        windows: Number of windows that were compared.
        correction: Correction after the level.
    """

    level: Level
    shift: Peak
    matches: Matches
    agreeing: NDArray[np.bool_]
    windows: int
    correction: Correction


@dataclass
class Search:
    """Search for the correction of a pair.

    Attributes:
        images: Open pair.
        engine: Comparison of windows.
        range: Displacements that are searched at first.
        scale: Pixels of the radar image to one of the orthophoto.
        report: Called with the blocks of a level done and in all.
        stages: Findings of each level.
        correspondences: Positions that the last level rests on; None where it found none.
        choice: Correction of the last level with its rivals; None where it found none.
        found_by: Correction that the last level's matches were found with.
        notes: Sentences on how the first displacement was found, where that was not plain.
        doubt: Sentence on why it may not have been found; None where it was.
    """

    images: Images
    engine: Matcher
    range: Range
    scale: float
    report: Report = silent
    stages: list[Stage] = field(default_factory=list)
    correspondences: Correspondences | None = None
    choice: Choice | None = None
    found_by: Correction = field(default_factory=no_correction)
    notes: list[str] = field(default_factory=list)
    doubt: str | None = None

    @property
    def cautions(self) -> list[str]:
        """Notes, and the doubt if there is one."""
        return self.notes if self.doubt is None else [*self.notes, self.doubt]

    def run(self) -> None:
        """Go through the levels."""
        correction = before = no_correction()
        for number, level in enumerate(self._levels()):
            if len(self.stages) == 1:
                self._fit_depth(level, correction)
            before, correction = correction, self.match(level, correction, first=number == 0)
        if self._moved(before, correction) > _STILL:
            # once more from where it ended, so that no displacement lies near the edge of what was searched
            level = replace(level, reach=_LAST_REACH)
            if len(self.stages) == 1:
                self._fit_depth(level, correction)
            self.match(level, correction)

    def _levels(self) -> Iterator[Level]:
        """List the levels; those after the first are of the scale that the first has found."""
        first = next(levels_of(self.images.shape, self.scale, self.range))
        yield first
        for level in levels_of(self.images.shape, self.scale, self.range):
            if level.factor < first.factor:
                yield level

    def _moved(self, before: Correction, after: Correction) -> float:
        """Measure the farthest move of the orthophoto in the radar image, pixels of the orthophoto."""
        x, y = self.images.geometry.lattice(5)
        first, second = (np.stack(self.images.corrected(math.nan, each)(x, y)) for each in (before, after))
        return float(np.nanmax(np.hypot(*(second - first)))) / self.scale

    def match(
        self, level: Level, correction: Correction, *, first: bool = False, model: Model | None = None
    ) -> Correction:
        """Match one level and bend the correction by its matches.

        Args:
            level: Scale of the level.
            correction: Correction found so far.
            first: Whether this is the coarsest level, which searches the whole range.
            model: Model that is fitted; by default the simplest that held-out matches do not reject.
        """
        if first:
            correction, surfaces, shift = self._first(level, correction)
        else:
            surfaces = self._compare(level, correction)
            shift = best_shift(surfaces)
        if first or max(abs(shift.x), abs(shift.y)) > 1.5:
            # the displacement of all windows together comes first; each is then searched near it
            correction = self._shifted(correction, surfaces, shift)
            surfaces = self._compare(replace(level, reach=REACH), correction)
        matches = self._on_image(matches_of(surfaces), correction)
        agreeing = consensus(matches, _TOLERANCE * level.factor, level.factor)
        windows = int((surfaces.weight > 0).sum())
        self.correspondences = self.choice = None
        self.found_by = correction
        if agreeing.sum() >= max(6, _LEAST_SHARE * windows):
            self.correspondences = self.correspondences_of(matches.only(agreeing), correction)
            correction = self._fitted(self.correspondences, level, model)
        self.stages.append(Stage(level, shift, matches, agreeing, windows, correction))
        log.info(
            "1:%d: %d windows, %d matches, %d agree, %s",
            *(level.factor, windows, len(matches), int(agreeing.sum()), correction.model),
        )
        return correction

    def _fitted(self, correspondences: Correspondences, level: Level, model: Model | None) -> Correction:
        """Fit a model to the matches of a level, or choose the simplest that they do not reject."""
        if model is not None:
            return fit(correspondences, model)
        reach = _SHARED * level.window * level.factor * self.scale
        simplest = self.images.geometry.simplest
        self.choice = choose(correspondences, self.scale, simplest=simplest, reach=reach)
        return self.choice.correction

    def _first(self, level: Level, correction: Correction) -> tuple[Correction, Surfaces, Peak]:
        """Find the first displacement of the whole; search farther while it is at the edge or not clear."""
        found = self._within(self.range, level, correction)
        if found.clear:
            return correction, found.surfaces, found.shift
        if self.images.geometry.grid is None:
            if (start := find_scale_and_turn(self.images)) is not None:
                return self._from_start(start, level)
            ranges: Iterable[Range] = ()  # that search reached farther than a wider one would
        else:
            ranges = self.range.wider()
        farthest = self.range
        for farthest in ranges:
            wide = self._within(farthest, replace(level, reach=farthest.reach(level.factor)), correction)
            if wide.clear:
                self._note(
                    f"the search was widened from {self.range.along:.0f} to {farthest.along:.0f} pixels, for "
                    f"the best displacement lay {'at its edge' if found.edge else 'nowhere clearly'}"
                )
                self.range = farthest
                return correction, wide.surfaces, wide.shift
        where = (
            f"the best displacement lies at the edge of the search of {farthest.along:.0f} pixels"
            if found.edge and farthest is self.range
            else f"no displacement within {farthest.along:.0f} pixels is clearly the best of the whole"
        )
        self.doubt = f"{where}; search farther where the images may lie farther apart"
        log.warning("%s", self.doubt)
        return correction, found.surfaces, found.shift

    def _from_start(self, start: ScaleTurn, level: Level) -> tuple[Correction, Surfaces, Peak]:
        """Begin with a scale and a turn that were found."""
        self.scale = start.scale
        self._note(
            f"no displacement was clear pixel by pixel; {start.scale:.2f} pixels of the radar image to one "
            f"of the orthophoto and a turn of {start.turn:.1f} degrees were found"
        )
        begun = self._within(self.range, level, start.correction)
        return start.correction, begun.surfaces, begun.shift

    def _within(self, wanted: Range, level: Level, correction: Correction) -> BestOfRange:
        """Find the best displacement of the whole within a range."""
        surfaces = self._compare(level, correction)
        shift = best_shift(surfaces, wanted.allowed(level))
        return BestOfRange(surfaces, shift, wanted.at_edge(shift, level))

    def _note(self, sentence: str) -> None:
        self.notes.append(sentence)
        log.warning("%s", sentence[0].upper() + sentence[1:])

    def _on_image(self, matches: Matches, correction: Correction) -> Matches:
        """Select the matches that lie where radar image and terrain are known."""
        correspondences = self.correspondences_of(matches, correction)
        return matches.only(np.isfinite(correspondences.x) & np.isfinite(correspondences.to_x))

    def _compare(self, level: Level, correction: Correction) -> Surfaces:
        """Compare the windows of a level with the first reference."""
        reference = self.images.references[0]
        return compare(self.images, self.engine, level, correction, reference=reference, report=self.report)

    def _fit_depth(self, level: Level, correction: Correction) -> None:
        """Choose the depth of crowns at which the whole fits best, where a surface model shows them."""
        if self.images.relief is None:
            return
        heights = []
        for depth in DEPTHS:
            trial = self.images.with_depth(depth)
            surfaces = compare(trial, self.engine, level, correction, reference=self.images.references[0])
            heights.append(best_shift(surfaces).height)
        self.images = self.images.with_depth(DEPTHS[int(np.argmax(heights))])

    def _shifted(self, correction: Correction, surfaces: Surfaces, shift: Peak) -> Correction:
        """Compose the correction and a shift after it, one affine in all."""
        factor = surfaces.level.factor
        x, y = surfaces.x.ravel(), surfaces.y.ravel()
        right, down = np.full(x.size, shift.x * factor), np.full(x.size, shift.y * factor)
        moved = Matches(x, y, right, down, np.ones(x.size), surfaces.plane.ravel())
        correspondences = self.correspondences_of(moved, correction)
        return fit(correspondences, "affine" if len(correspondences) >= 6 else "shift", robust=False)

    def correspondences_of(self, matches: Matches, correction: Correction) -> Correspondences:
        """Turn matches, found with a correction applied, into correspondences of the radar image."""
        geometry = self.images.geometry
        x, y = self._in_radar(matches.x, matches.y, matches.plane, no_correction())
        there = matches.x + matches.dx, matches.y + matches.dy
        to_x, to_y = self._in_radar(*there, matches.plane, correction)
        height = None if geometry.heights is None else geometry.heights(matches.x, matches.y)
        return Correspondences(x, y, to_x, to_y, height)

    def _in_radar(
        self, x: Doubles, y: Doubles, plane: Doubles, correction: Correction
    ) -> tuple[Doubles, Doubles]:
        """Locate positions on planes of several heights in the radar image, columns and rows."""
        column, row = np.full((2, x.size), np.nan)
        for height in np.unique(plane):
            some = np.isnan(plane) if np.isnan(height) else plane == height
            column[some], row[some] = self.images.corrected(float(height), correction)(x[some], y[some])
        return column, row

    def radar_positions(self, matches: Matches) -> tuple[Doubles, Doubles]:
        """Locate matches of the last level in the radar image, columns and rows."""
        correspondences = self.correspondences_of(matches, self.found_by)
        return correspondences.to_x, correspondences.to_y

    def ground_positions(self, matches: Matches) -> tuple[Doubles, Doubles]:
        """Locate the ground that matches show in the orthophoto, columns and rows."""
        return self.images.geometry.ground(matches.x, matches.y, matches.plane)

    def orthophoto_apart(self) -> float | None:
        """Measure the shift between the matches of the orthophoto and those of the surface model, in pixels.

        None without a surface model, or where the orthophoto shows no clear shift.
        """
        if self.images.relief is None or self.choice is None:
            return None
        finest = self.stages[-1].level.factor
        level = Level(2 * finest, window_of(self.images.shape, 2 * finest), 2 * REACH, FEW)
        correction = self.choice.correction
        surfaces = compare(self.images, self.engine, level, correction, reference="optical")
        shift = best_shift(surfaces)
        return level.factor * math.hypot(shift.x, shift.y) if shift.prominence >= _CLEAR else None

    def coarser(self) -> Correction:
        """Give the finding of the scale before the last."""
        finest = self.stages[-1].level.factor
        earlier = [stage.correction for stage in self.stages if stage.level.factor != finest]
        return earlier[-1] if earlier else self.stages[0].correction

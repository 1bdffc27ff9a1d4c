"""Corrections of a radar image's geometry: low-order maps between its pixels, fitted to tie points.

A correction acts on radar pixels, after terrain and sensor model have had their say: what is wrong with an
orbit, a projection height or a clock is smooth there, whatever the terrain (bias compensation of rational
polynomials: Fraser and Hanley 2003, Bias compensation in rational functions for Ikonos satellite imagery).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.geometry.mapping import PixelMap
from oemsar.prepare.align.model.thin_plate import bending, thin_plate

Model: TypeAlias = Literal["shift", "affine", "affine+height", "polynomial", "cubic", "spline"]
MODELS: tuple[Model, ...] = get_args(Model)
"""Names of the models, from the simplest to the freest."""

TERMS = {"shift": 1, "affine": 3, "affine+height": 4, "polynomial": 6, "cubic": 10, "spline": 3}
_ROUNDS = 4
_TUKEY = 4.685
"""Residuals beyond so many robust standard deviations have no weight (Beaton and Tukey 1974)."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Scale of positions in the radar image, so that they span -1 to 1.

    Attributes:
        centre: Column and row of the middle.
        span: Half the longer side, pixels.
        height: Mean height of the ground, metres above the ellipsoid.
    """

    centre: tuple[float, float]
    span: float
    height: float = 0.0

    @classmethod
    def fit(cls, x: Doubles, y: Doubles, height: Doubles | None) -> "Frame":
        """Fit the frame that positions, and heights where they are known, span."""
        low_x, high_x, low_y, high_y = (float(each) for each in (x.min(), x.max(), y.min(), y.max()))
        span = max(high_x - low_x, high_y - low_y, 2.0) / 2
        return cls(
            ((low_x + high_x) / 2, (low_y + high_y) / 2),
            span,
            0.0 if height is None else float(np.nanmean(height)),
        )

    def scaled(self, x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        """Scale columns and rows to -1 to 1."""
        return (x - self.centre[0]) / self.span, (y - self.centre[1]) / self.span


@dataclass(frozen=True, eq=False)
class Correction:
    """Smooth displacement that is added to positions in the radar image.

    Attributes:
        model: Name of the model.
        frame: Scale of the positions.
        coefficients: (terms, 2), pixels of the radar image for each term of the polynomial.
        knots: (knots, 2), scaled positions of the knots of a spline; None for other models.
        weights: (knots, 2), pixels for each knot of a spline; None for other models.
    """

    model: Model
    frame: Frame
    coefficients: Doubles
    knots: Doubles | None = None
    weights: Doubles | None = None

    def __call__(self, x: Doubles, y: Doubles, height: Doubles | None = None) -> tuple[Doubles, Doubles]:
        """Correct columns and rows.

        Args:
            x: Columns of the radar image, any shape.
            y: Rows of the radar image, the same shape.
            height: Height of the ground in metres; used only by the model with a height term.
        """
        u, v = self.frame.scaled(x, y)
        moved = np.zeros((2, *x.shape))
        for coefficients, term in zip(
            self.coefficients, _terms(self.model, u, v, self._above(height)), strict=True
        ):
            for axis in range(2):
                if coefficients[axis] != 0:
                    moved[axis] += coefficients[axis] * term
        if self.knots is not None and self.weights is not None:
            moved += bending(u, v, self.knots, self.weights)
        return x + moved[0], y + moved[1]

    @property
    def needs_height(self) -> bool:
        """Whether the model has a term of the ground's height."""
        return self.model == "affine+height"

    def _above(self, height: Doubles | None) -> Doubles | None:
        return None if height is None else height - self.frame.height


def no_correction() -> Correction:
    """Make the correction that changes nothing."""
    return Correction("shift", Frame((0.0, 0.0), 1.0), np.zeros((1, 2)))


@dataclass(frozen=True, eq=False)
class Corrected:
    """A `PixelMap` and a correction after it.

    Attributes:
        prior: Map from pixels of a grid to those of the radar image.
        correction: Correction of positions in the radar image.
        heights: Heights of the ground at pixels of the grid, metres; None where none are known.
    """

    prior: PixelMap
    correction: Correction
    heights: Callable[[Doubles, Doubles], Doubles] | None

    def __call__(self, x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        """Compute column and row in the radar image of pixels of the grid, centres at integers."""
        needed = self.correction.needs_height and self.heights is not None
        height = self.heights(x, y) if needed and self.heights is not None else None
        return self.correction(*self.prior(x, y), height)


@dataclass(frozen=True, eq=False)
class Correspondences:
    """Positions in the radar image of the same ground by metadata and by matching, shape (correspondences,).

    Attributes:
        x: Columns by the metadata.
        y: Rows by the metadata.
        to_x: Columns where the ground was found.
        to_y: Rows where the ground was found.
        height: Heights of the ground, metres; None where no elevation model is given.
    """

    x: Doubles
    y: Doubles
    to_x: Doubles
    to_y: Doubles
    height: Doubles | None = None

    def __len__(self) -> int:
        """Count the correspondences."""
        return self.x.size

    def only(self, chosen: NDArray[Any]) -> "Correspondences":
        """Select correspondences by an index or a mask."""
        height = None if self.height is None else self.height[chosen]
        return Correspondences(self.x[chosen], self.y[chosen], self.to_x[chosen], self.to_y[chosen], height)

    def misses(self, correction: Correction) -> Doubles:
        """Compute columns and rows by which a correction misses the correspondences, (2, correspondences)."""
        x, y = correction(self.x, self.y, self.height)
        return np.stack([self.to_x - x, self.to_y - y])


def least_correspondences(model: Model) -> int:
    """Give the least number of correspondences that a model needs: twice its terms."""
    return 2 * TERMS[model] if model != "spline" else 20


def models_for(correspondences: Correspondences, simplest: Model = "shift") -> Sequence[Model]:
    """List the models that so many correspondences, with or without heights, can decide.

    Args:
        correspondences: Positions of the same ground.
        simplest: First model to be considered, where there are correspondences enough for it.
    """
    first = MODELS.index(simplest) if len(correspondences) >= least_correspondences(simplest) else 0
    varied = (
        correspondences.height is not None
        and bool(np.isfinite(correspondences.height).all())
        and float(np.ptp(correspondences.height)) > 1
    )
    return [
        model
        for model in MODELS[first:]
        if len(correspondences) >= least_correspondences(model) and (model != "affine+height" or varied)
    ]


def fit(correspondences: Correspondences, model: Model, *, robust: bool = True) -> Correction:
    """Fit the correction of a model that comes closest to correspondences.

    Least squares, reweighted by Tukey's biweight where `robust`.

    Args:
        correspondences: Positions of the same ground, at least as many as the model has terms.
        model: Name of the model.
        robust: False to believe every correspondence, as those a person set.

    Raises:
        InputError: There are too few.
    """
    return smoother(correspondences, model, robust=robust)[0]


def smoother(
    correspondences: Correspondences, model: Model, *, robust: bool = True
) -> tuple[Correction, Doubles]:
    """Fit a correction and compute the leverage of each correspondence: its share in its own fitted value.

    Without the correspondence itself, its residual would be r / (1 - leverage) (Allen 1974, PRESS).
    """
    if len(correspondences) < TERMS[model]:
        raise InputError(f"{len(correspondences)} tie points are too few for the model {model}; set more")
    frame = Frame.fit(correspondences.x, correspondences.y, correspondences.height)
    u, v = frame.scaled(correspondences.x, correspondences.y)
    height = None if correspondences.height is None else correspondences.height - frame.height
    design = np.stack(list(_terms(model, u, v, height)), 1)
    wanted = np.stack([correspondences.to_x - correspondences.x, correspondences.to_y - correspondences.y], 1)
    solve = _spline if model == "spline" else _polynomial
    weight = np.ones(len(correspondences))
    knots = np.stack([u, v], 1)
    for _ in range(_ROUNDS if robust else 1):
        coefficients, bend, leverage = solve(design, knots, wanted, weight)
        kept = Correction(model, frame, coefficients, knots if bend is not None else None, bend)
        length = np.hypot(*correspondences.misses(kept))
        deviation = max(1.4826 * float(np.median(length)), 1e-3)
        if robust:
            weight = np.maximum(np.clip(1 - (length / (_TUKEY * deviation)) ** 2, 0, 1) ** 2, 1e-3)
    return kept, leverage


def _terms(model: Model, u: Doubles, v: Doubles, height: Doubles | None) -> list[Doubles]:
    terms = [np.ones_like(u), u, v]
    if model == "shift":
        return terms[:1]
    if model == "affine+height":
        if height is None:
            raise ValueError("the model asks for heights")
        return [*terms, height]
    if model in ("polynomial", "cubic"):
        terms += [u * u, u * v, v * v]
    if model == "cubic":
        terms += [u * u * u, u * u * v, u * v * v, v * v * v]
    return terms


_Solution: TypeAlias = tuple[Doubles, Doubles | None, Doubles]


def _polynomial(design: Doubles, knots: Doubles, wanted: Doubles, weight: Doubles) -> _Solution:
    root = np.sqrt(weight)[:, None]
    inverse = np.linalg.pinv(design * root)
    return inverse @ (wanted * root), None, np.einsum("ij,ji->i", design * root, inverse)


def _spline(design: Doubles, knots: Doubles, wanted: Doubles, weight: Doubles) -> _Solution:
    """Fit the smoothing thin-plate spline (Wahba 1990, Spline models for observational data, section 2.4).

    Its smoothness is the one of a few that generalised cross-validation prefers.
    """
    number, terms = design.shape
    kernel = thin_plate(knots, knots)
    tried: list[tuple[float, _Solution]] = []
    for smoothing in (1e-3, 1e-2, 1e-1, 1.0, 10.0):
        system = np.zeros((number + terms, number + terms))
        system[:number, :number] = kernel + np.diag(smoothing * number / 100 / weight)
        system[:number, number:], system[number:, :number] = design, design.T
        inverse = np.linalg.pinv(system, hermitian=True)[:, :number]
        solution = inverse @ wanted
        leverage = np.einsum("ij,ji->i", np.concatenate([kernel, design], 1), inverse)
        misses = wanted - kernel @ solution[:number] - design @ solution[number:]
        freedom = max(1 - float(leverage.mean()), 1e-3)
        score = float((weight[:, None] * misses**2).sum()) / freedom**2
        tried.append((score, (solution[number:], solution[:number], leverage)))
    return min(tried, key=lambda one: one[0])[1]

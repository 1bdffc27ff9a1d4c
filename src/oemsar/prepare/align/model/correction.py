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
"""From the simplest to the freest."""

_TERMS = {"shift": 1, "affine": 3, "affine+height": 4, "polynomial": 6, "cubic": 10, "spline": 3}
_ROUNDS = 4
_TUKEY = 4.685
"""Residuals beyond so many robust standard deviations have no weight (Beaton and Tukey 1974)."""


@dataclass(frozen=True, eq=False)
class Frame:
    """The radar image's pixels, scaled so that it spans -1 to 1.

    Attributes:
        centre: column and row.
        span: half the longer side, pixels.
        height: metres that count as none.
    """

    centre: tuple[float, float]
    span: float
    height: float = 0.0

    @classmethod
    def of(cls, x: Doubles, y: Doubles, height: Doubles | None) -> "Frame":
        """Fit the frame of some positions."""
        low_x, high_x, low_y, high_y = (float(each) for each in (x.min(), x.max(), y.min(), y.max()))
        span = max(high_x - low_x, high_y - low_y, 2.0) / 2
        return cls(
            ((low_x + high_x) / 2, (low_y + high_y) / 2),
            span,
            0.0 if height is None else float(np.nanmean(height)),
        )

    def scaled(self, x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        """Positions from -1 to 1."""
        return (x - self.centre[0]) / self.span, (y - self.centre[1]) / self.span


@dataclass(frozen=True, eq=False)
class Correction:
    """Adds a smooth displacement to positions in the radar image.

    Attributes:
        model: what kind.
        frame: of the positions.
        coefficients: (terms, 2), pixels of the radar image for each term of the polynomial.
        knots: (knots, 2), scaled; of a spline.
        weights: (knots, 2), pixels; of a spline.
    """

    model: Model
    frame: Frame
    coefficients: Doubles
    knots: Doubles | None = None
    weights: Doubles | None = None

    def __call__(self, x: Doubles, y: Doubles, height: Doubles | None = None) -> tuple[Doubles, Doubles]:
        """Corrected columns and rows.

        Args:
            x: columns of the radar image, any shape.
            y: rows.
            height: of the ground there, metres; looked at by the model with a height term only.
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
        """Whether it depends on the height of the ground."""
        return self.model == "affine+height"

    def _above(self, height: Doubles | None) -> Doubles | None:
        return None if height is None else height - self.frame.height

    def to_json(self) -> dict[str, Any]:
        """Plain values from which `from_json` makes it again."""
        return {
            "model": self.model,
            "centre": list(self.frame.centre),
            "span": self.frame.span,
            "height": self.frame.height,
            "coefficients": self.coefficients.tolist(),
            "knots": None if self.knots is None else self.knots.tolist(),
            "weights": None if self.weights is None else self.weights.tolist(),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Correction":
        """Read the correction that `to_json` wrote."""
        frame = Frame((values["centre"][0], values["centre"][1]), values["span"], values["height"])
        knots, weights = (
            None if values[name] is None else np.array(values[name], np.float64)
            for name in ("knots", "weights")
        )
        return cls(values["model"], frame, np.array(values["coefficients"], np.float64), knots, weights)


def no_correction() -> Correction:
    """Make the correction that changes nothing."""
    return Correction("shift", Frame((0.0, 0.0), 1.0), np.zeros((1, 2)))


@dataclass(frozen=True, eq=False)
class Corrected:
    """A `PixelMap` and a correction after it.

    Attributes:
        prior: from pixels of a grid to those of the radar image.
        correction: of the latter.
        heights: of the ground at pixels of the grid, metres; None where none are known.
    """

    prior: PixelMap
    correction: Correction
    heights: Callable[[Doubles, Doubles], Doubles] | None

    def __call__(self, x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        """Column and row in the radar image of pixels of the grid, centres at integers."""
        asked = self.correction.needs_height and self.heights is not None
        height = self.heights(x, y) if asked and self.heights is not None else None
        return self.correction(*self.prior(x, y), height)


@dataclass(frozen=True, eq=False)
class Ties:
    """Where the same ground was found, all of shape (ties,).

    Attributes:
        x: columns of the radar image by its metadata.
        y: rows.
        to_x: columns of the radar image where the ground is.
        to_y: rows.
        height: of the ground, metres; None where no elevation model is given.
    """

    x: Doubles
    y: Doubles
    to_x: Doubles
    to_y: Doubles
    height: Doubles | None = None

    def __len__(self) -> int:
        """How many there are."""
        return self.x.size

    def only(self, chosen: NDArray[Any]) -> "Ties":
        """Those of an index."""
        height = None if self.height is None else self.height[chosen]
        return Ties(self.x[chosen], self.y[chosen], self.to_x[chosen], self.to_y[chosen], height)

    def misses(self, correction: Correction) -> Doubles:
        """(2, ties): columns and rows by which a correction misses them."""
        x, y = correction(self.x, self.y, self.height)
        return np.stack([self.to_x - x, self.to_y - y])


def least_ties(model: Model) -> int:
    """Ties a model needs at least: twice its terms."""
    return 2 * _TERMS[model] if model != "spline" else 20


def models_for(ties: Ties, simplest: Model = "shift") -> Sequence[Model]:
    """List the models that so many ties, with or without heights, can decide.

    Args:
        ties: where the same ground was found.
        simplest: the first to be considered, where there are ties enough for it.
    """
    first = MODELS.index(simplest) if len(ties) >= least_ties(simplest) else 0
    varied = (
        ties.height is not None and bool(np.isfinite(ties.height).all()) and float(np.ptp(ties.height)) > 1
    )
    return [
        model
        for model in MODELS[first:]
        if len(ties) >= least_ties(model) and (model != "affine+height" or varied)
    ]


def fit(ties: Ties, model: Model, *, robust: bool = True) -> Correction:
    """Fit the correction of a kind that comes closest to the ties.

    Least squares, reweighted by Tukey's biweight where `robust`.

    Args:
        ties: at least as many as the model has terms.
        model: what kind.
        robust: False to believe every tie, as those a person set.

    Raises:
        InputError: there are too few.
    """
    return smoother(ties, model, robust=robust)[0]


def smoother(ties: Ties, model: Model, *, robust: bool = True) -> tuple[Correction, Doubles]:
    """Fit a correction and compute the leverage of each tie: its share in its own fitted value.

    Without the tie itself, its residual would be r / (1 - leverage) (Allen 1974, PRESS).
    """
    if len(ties) < _TERMS[model]:
        raise InputError(f"{len(ties)} tie points are too few for the model {model}; set more")
    frame = Frame.of(ties.x, ties.y, ties.height)
    u, v = frame.scaled(ties.x, ties.y)
    height = None if ties.height is None else ties.height - frame.height
    design = np.stack(list(_terms(model, u, v, height)), 1)
    wanted = np.stack([ties.to_x - ties.x, ties.to_y - ties.y], 1)
    solve = _spline if model == "spline" else _polynomial
    weight = np.ones(len(ties))
    knots = np.stack([u, v], 1)
    for _ in range(_ROUNDS if robust else 1):
        coefficients, bend, leverage = solve(design, knots, wanted, weight)
        kept = Correction(model, frame, coefficients, knots if bend is not None else None, bend)
        length = np.hypot(*ties.misses(kept))
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

from dataclasses import replace

import numpy as np
import pytest
from rasterio import Affine

from oemsar.geometry.mapping import affine_map
from oemsar.prepare.align.config import Thresholds
from oemsar.prepare.align.model.correction import Correction, Frame
from oemsar.prepare.align.scene.geometry import Geometry
from oemsar.prepare.align.verdict import Figures, between, coverage_of, judge

GOOD = Figures(100, 0.5, 0.8, 0.4, 0.9, agreeing_share=0.9, scales_px=0.3, prominence=1.5)


def test_good_figures_are_accepted() -> None:
    assert judge(GOOD, Thresholds(), edited=False) == ("accepted", [])


def test_every_threshold_is_asked() -> None:
    for name, value in {
        "residual_median_px": 2.0,
        "held_out_median_px": 4.0,
        "precision_px": 3.0,
        "coverage": 0.2,
        "agreeing_share": 0.4,
        "scales_px": 5.0,
        "prominence": 0.1,
        "orthophoto_px": 40.0,
    }.items():
        verdict, reasons = judge(replace(GOOD, **{name: value}), Thresholds(), edited=False)
        assert verdict == "needs_person", name
        assert len(reasons) == 1


def test_more_is_asked_where_things_lean_unseen() -> None:
    forest = replace(GOOD, agreeing_share=0.7, prominence=0.73)
    assert judge(forest, Thresholds(), edited=False)[0] == "accepted"
    verdict, reasons = judge(forest, Thresholds(), edited=False, displaced=True)
    assert (verdict, len(reasons)) == ("needs_person", 2)


def test_a_figure_is_printed_so_that_its_miss_shows() -> None:
    """1.5034 against 1.5, and 0.59996 against 0.6."""
    figures = replace(GOOD, precision_px=1.5034, agreeing_share=0.59996)
    assert judge(figures, Thresholds(), edited=False).reasons == [
        "share of windows that agree 0.59996, at least 0.6 asked",
        "spread of the field 1.503, at most 1.5 asked",
    ]


@pytest.mark.parametrize(
    ("repeated", "spread", "verdict"),
    [
        (0.49, 0.1, "accepted"),
        (0.51, 0.1, "needs_person"),
        (0.79, 0.4, "accepted"),
        (0.81, 0.4, "needs_person"),
        (float("inf"), 0.4, "needs_person"),
    ],
)
def test_a_repetition_may_differ_by_half_a_pixel_or_twice_the_spread(
    repeated: float, spread: float, verdict: str
) -> None:
    figures = replace(GOOD, repeated_px=repeated, precision_px=spread)
    assert judge(figures, Thresholds(), edited=False).verdict == verdict


def test_what_is_not_a_number_is_not_accepted() -> None:
    assert judge(replace(GOOD, precision_px=float("nan")), Thresholds(), edited=False)[0] == "needs_person"
    assert (
        judge(replace(GOOD, held_out_median_px=float("inf")), Thresholds(), edited=False)[0] == "needs_person"
    )


def test_few_or_lonely_tie_points_fail() -> None:
    assert judge(replace(GOOD, tie_points=8), Thresholds(), edited=False)[0] == "failed"
    assert judge(replace(GOOD, agreeing_share=0.1), Thresholds(), edited=False)[0] == "failed"


def test_a_person_needs_fewer() -> None:
    figures = Figures(8, 0.5, None, 0.4, 0.6)
    assert judge(figures, Thresholds(), edited=True)[0] == "accepted"
    assert judge(replace(figures, tie_points=4), Thresholds(), edited=True)[0] == "needs_person"


def test_coverage_counts_cells() -> None:
    rows, columns = np.mgrid[:100, :100]
    assert coverage_of(columns.ravel(), rows.ravel(), (100, 100)) == 1
    assert coverage_of(np.array([5.0, 6.0]), np.array([5.0, 7.0]), (100, 100)) == 1 / 25


def test_coverage_counts_rows_and_columns_of_an_image_that_is_not_square() -> None:
    x = np.arange(100.0)
    assert coverage_of(x, np.full(100, 50.0), (100, 300)) == 2 / 25
    assert coverage_of(np.full(100, 50.0), x, (300, 100)) == 2 / 25


def test_fields_are_as_far_apart_as_their_shifts_in_pixels_of_the_orthophoto() -> None:
    """Three columns and four rows of a radar image twice and a half as fine."""
    shape, matrix = (90, 260), Affine.rotation(20) @ Affine.scale(2.5)
    geometry = Geometry(None, shape, affine_map(matrix), False, None, None, None)
    frame = Frame((0.0, 0.0), 1.0)
    first, second = (Correction("shift", frame, np.array([each])) for each in ([7.0, 1.0], [10.0, 5.0]))
    assert between(first, second, geometry, geometry.scale()) == pytest.approx(5 / 2.5)

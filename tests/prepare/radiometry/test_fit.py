"""Parameters of remaps and stretches are those of the whole scene."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from oemsar.errors import InputError
from oemsar.prepare.radiometry.amplitude_table import AmplitudeTable
from oemsar.prepare.radiometry.config import OpticalOptions, RemapOptions
from oemsar.prepare.radiometry.fit import fit_remap, fit_stretch, require_remappable
from oemsar.prepare.radiometry.histogram import Histogram
from oemsar.prepare.radiometry.remap import DENSITY, IDENTITY, PERCENTILE
from oemsar.prepare.radiometry.scene_statistics import SceneStatistics, open_workers
from oemsar.products.product import Encoding
from oemsar.progress import silent
from oemsar.raster.bands import raster_opener
from oemsar.raster.nodata import with_nodata

BYTES = AmplitudeTable.build(np.dtype(np.uint8), Encoding.AMPLITUDE, 1.0)


def _statistics(values: list[int]) -> SceneStatistics:
    counts = np.bincount(values, minlength=256) if values else np.zeros(256, np.int64)
    return SceneStatistics(Histogram.from_table(BYTES.amplitudes, counts, 0.0), None, len(values))


def test_a_remap_is_fitted_between_the_percentiles_that_a_person_sets() -> None:
    options = RemapOptions(percentiles=(10, 60))
    parameters, grey = fit_remap(PERCENTILE, _statistics(list(range(1, 101))), BYTES, options, Path("a"))
    assert parameters == {"low": 10, "high": 60}
    assert (grey[10], grey[35], grey[60], grey[61]) == (1, 127, 255, 255)


@pytest.mark.parametrize(("values", "sentence"), [([], "a.tif holds no data"), ([7, 7], "one value only")])
def test_a_scene_of_nothing_or_of_one_value_has_no_parameters(values: list[int], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        fit_remap(DENSITY, _statistics(values), BYTES, RemapOptions(), Path("a.tif"))


def test_limits_of_calibrated_pixels_are_reflectance(write_scene: Callable[..., Path]) -> None:
    """Bytes are stretched where they are calibrated, and stay where they are for viewing."""
    scene = write_scene("a.tif", np.tile(np.arange(1, 101, dtype=np.uint8), (3, 40, 1)))
    calibrated = OpticalOptions(meaning="calibrated", gain=0.01, offset=-0.1, percentiles=(20, 80))
    with open_workers(with_nodata(raster_opener(scene, (1, 2, 3)), "none")) as workers:
        stretch, grey = fit_stretch(workers, BYTES, calibrated, scene, silent)
        untouched, same = fit_stretch(workers, BYTES, OpticalOptions(), scene, silent)
    assert stretch == pytest.approx({"low": 0.1, "high": 0.7, "relative_error": 0})
    assert (grey[20], grey[50], grey[80]) == (1, 127, 255)
    assert untouched == {}
    np.testing.assert_array_equal(same, np.maximum(np.arange(256), 1))


def test_identity_is_for_bytes() -> None:
    require_remappable(IDENTITY, np.dtype(np.uint8), Path("a"))
    require_remappable(DENSITY, np.dtype(np.float32), Path("a"))
    with pytest.raises(InputError, match=r"a\.tif has uint16 pixels") as error:
        require_remappable(IDENTITY, np.dtype(np.uint16), Path("a.tif"))
    assert error.value.options == ("remap",)

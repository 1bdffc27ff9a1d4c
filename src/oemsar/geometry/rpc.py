"""The rational function model of a sensor (RPC00B): ground to image, image to ground, and its fit.

Source: STDI-0002 volume 1, The Compendium of Controlled Extensions for the NITF, appendix E, section E.2.4
(RPC00B). Line and sample count from 0 at the CENTRE of the first pixel, as in GDAL's RPC metadata.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from rasterio.rpc import RPC

from oemsar.arrays import Doubles
from oemsar.errors import Failure
from oemsar.geometry.cubic import gradient, terms

_CHUNK = 1 << 13
"""Points evaluated at once: their twenty terms stay in the processor's cache."""
_ITERATIONS = 20
_CLOSE = 1e-6
"""Image distance in pixels at which the inverse has arrived."""
_FARTHEST = 2.0
"""Half ranges from the centre up to which a model is believed."""
_REWEIGHTINGS = 4
_RIDGE = 1e-11
"""Weight of the regularisation against the mean square of normalised coordinates."""


@dataclass(frozen=True)
class Misfit:
    """Distance of a model from points it should reproduce, pixels.

    Attributes:
        rms: Root mean square of the distances.
        largest: Largest distance.
    """

    rms: float
    largest: float


@dataclass(frozen=True, eq=False)
class RationalModel:
    """Ratios of cubic polynomials from longitude, latitude and height to line and sample.

    Attributes:
        coefficients: Float64 (4, 20): numerator and denominator of line, then of sample, in the order of
            RPC00B.
        ground_offset: Longitude and latitude in degrees (WGS 84), height in metres above the ellipsoid.
        ground_scale: Half ranges of longitude, latitude (degrees) and height (metres).
        image_offset: Line and sample in pixels.
        image_scale: Half ranges of line and sample in pixels.
    """

    coefficients: Doubles
    ground_offset: tuple[float, float, float]
    ground_scale: tuple[float, float, float]
    image_offset: tuple[float, float]
    image_scale: tuple[float, float]

    def to_image(self, lon: ArrayLike, lat: ArrayLike, height: ArrayLike) -> tuple[Doubles, Doubles]:
        """Project points on or above the ground to line and sample.

        Args:
            lon: Longitude, degrees, any shape; NaN gives NaN.
            lat: Latitude, degrees.
            height: Metres above the ellipsoid.

        Returns:
            Line and sample, float64 of the common shape; NaN further than two half ranges from the centre,
            where cubic polynomials turn back and would show the scene a second time.
        """
        lon, lat, height = np.broadcast_arrays(*(np.asarray(each, np.float64) for each in (lon, lat, height)))
        line, sample = np.empty(lon.shape), np.empty(lon.shape)
        for part in _chunks(lon.size):
            ground = self._normalised(lon.ravel()[part], lat.ravel()[part], height.ravel()[part])
            with np.errstate(invalid="ignore"):
                far = np.maximum(np.abs(ground[0]), np.abs(ground[1])) > _FARTHEST
            values = self.coefficients @ terms(np.where(far, np.nan, ground[0]), *ground[1:])
            with np.errstate(divide="ignore", invalid="ignore"):  # a denominator may vanish far away
                ratios = values[0] / values[1], values[2] / values[3]
            line.reshape(-1)[part] = ratios[0] * self.image_scale[0] + self.image_offset[0]
            sample.reshape(-1)[part] = ratios[1] * self.image_scale[1] + self.image_offset[1]
        return line, sample

    def to_ground(self, line: ArrayLike, sample: ArrayLike, height: ArrayLike) -> tuple[Doubles, Doubles]:
        """Find longitude and latitude, degrees, at which a pixel meets a height, by Newton's iteration.

        Args:
            line: Line, pixels, any shape.
            sample: Sample, pixels.
            height: Metres above the ellipsoid.

        Returns:
            Longitude and latitude, float64; NaN where the iteration does not arrive within 1e-6 pixels.
        """
        images = np.broadcast_arrays(*(np.asarray(each, np.float64) for each in (line, sample, height)))
        lon, lat = np.empty(images[0].shape), np.empty(images[0].shape)
        for part in _chunks(lon.size):
            found = self._solve(*(each.ravel()[part] for each in images))
            lon.reshape(-1)[part], lat.reshape(-1)[part] = found
        return lon, lat

    def misfit(
        self, lon: ArrayLike, lat: ArrayLike, height: ArrayLike, line: ArrayLike, sample: ArrayLike
    ) -> Misfit:
        """Measure how far from `line` and `sample` the model puts the points."""
        found = self.to_image(lon, lat, height)
        distance = np.hypot(found[0] - np.asarray(line), found[1] - np.asarray(sample))
        return Misfit(float(np.sqrt(np.mean(distance**2))), float(distance.max()))

    @classmethod
    def fit(
        cls, lon: ArrayLike, lat: ArrayLike, height: ArrayLike, line: ArrayLike, sample: ArrayLike
    ) -> "RationalModel":
        """Fit the model to points whose positions on the ground and in the image are known.

        Least squares, linear in the coefficients once multiplied by the denominator and repeated with the
        residuals weighted by it, regularised by a ridge (Tao & Hu 2001, A comprehensive study of the
        rational function model for photogrammetric processing, PE&RS 67(12), equations 6 to 11).
        `misfit` of the same points measures the fit.

        Args:
            lon: Longitude, degrees, any shape; at least 40 points that fill the volume of ground and heights.
            lat: Latitude, degrees.
            height: Metres above the ellipsoid.
            line: Line, pixels.
            sample: Sample, pixels.

        Raises:
            Failure: A denominator vanishes within the volume of the points.
        """
        given = [np.asarray(each, np.float64) for each in (lon, lat, height, line, sample)]
        columns = [each.ravel() for each in np.broadcast_arrays(*given)]
        offsets = [float(each.min() + each.max()) / 2 for each in columns]
        scales = [float(np.ptp(each)) / 2 or 1.0 for each in columns]
        normalised = [(each - o) / s for each, o, s in zip(columns, offsets, scales, strict=True)]
        design = terms(*normalised[:3]).T
        coefficients = np.concatenate([_fit_ratio(design, normalised[3]), _fit_ratio(design, normalised[4])])
        return cls(
            coefficients,
            (offsets[0], offsets[1], offsets[2]),
            (scales[0], scales[1], scales[2]),
            (offsets[3], offsets[4]),
            (scales[3], scales[4]),
        )

    @classmethod
    def from_rasterio(cls, rpc: RPC) -> "RationalModel":
        """Make the model from the RPC metadata of a raster, `dataset.rpcs`."""
        rows = (rpc.line_num_coeff, rpc.line_den_coeff, rpc.samp_num_coeff, rpc.samp_den_coeff)
        return cls(
            np.array(rows, np.float64),
            (rpc.long_off, rpc.lat_off, rpc.height_off),
            (rpc.long_scale, rpc.lat_scale, rpc.height_scale),
            (rpc.line_off, rpc.samp_off),
            (rpc.line_scale, rpc.samp_scale),
        )

    def to_rasterio(self) -> RPC:
        """Convert the model to RPC metadata that rasterio writes into a file."""
        names = ("line_num_coeff", "line_den_coeff", "samp_num_coeff", "samp_den_coeff")
        values = {name: row.tolist() for name, row in zip(names, self.coefficients, strict=True)}
        ground = zip(("long", "lat", "height"), self.ground_offset, self.ground_scale, strict=True)
        image = zip(("line", "samp"), self.image_offset, self.image_scale, strict=True)
        for name, offset, scale in (*ground, *image):
            values |= {f"{name}_off": offset, f"{name}_scale": scale}
        return RPC(**values)

    def _normalised(self, lon: Doubles, lat: Doubles, height: Doubles) -> tuple[Doubles, Doubles, Doubles]:
        east = np.remainder(lon - self.ground_offset[0] + 180, 360) - 180  # across the antimeridian too
        return (
            east / self.ground_scale[0],
            (lat - self.ground_offset[1]) / self.ground_scale[1],
            (height - self.ground_offset[2]) / self.ground_scale[2],
        )

    def _solve(self, line: Doubles, sample: Doubles, height: Doubles) -> tuple[Doubles, Doubles]:
        up = (height - self.ground_offset[2]) / self.ground_scale[2]
        east, north = np.zeros(line.shape), np.zeros(line.shape)
        goal_line = (line - self.image_offset[0]) / self.image_scale[0]
        goal_sample = (sample - self.image_offset[1]) / self.image_scale[1]
        with np.errstate(all="ignore"):  # points that go astray end as NaN below
            for _ in range(_ITERATIONS):
                values = self.coefficients @ terms(east, north, up)
                by_east, by_north = (self.coefficients @ each for each in gradient(east, north, up))
                miss_line = goal_line - values[0] / values[1]
                miss_sample = goal_sample - values[2] / values[3]
                far = np.hypot(miss_line * self.image_scale[0], miss_sample * self.image_scale[1])
                if not (far > _CLOSE).any():
                    break
                line_east, sample_east = _ratio_slopes(values, by_east)
                line_north, sample_north = _ratio_slopes(values, by_north)
                determinant = line_east * sample_north - line_north * sample_east
                east = east + (miss_line * sample_north - miss_sample * line_north) / determinant
                north = north + (miss_sample * line_east - miss_line * sample_east) / determinant
            arrived = far <= _CLOSE
        lon = east * self.ground_scale[0] + self.ground_offset[0]
        lat = north * self.ground_scale[1] + self.ground_offset[1]
        return np.where(arrived, lon, np.nan), np.where(arrived, lat, np.nan)


def _ratio_slopes(values: Doubles, slopes: Doubles) -> tuple[Doubles, Doubles]:
    """Differentiate the two ratios by the quotient rule, from those of their four polynomials."""
    line = (slopes[0] - values[0] / values[1] * slopes[1]) / values[1]
    sample = (slopes[2] - values[2] / values[3] * slopes[3]) / values[3]
    return line, sample


def _fit_ratio(design: Doubles, target: Doubles) -> Doubles:
    """Fit numerator and denominator, shape (2, 20), whose ratio over the terms `design` is `target`."""
    count = design.shape[1]
    ridge = np.sqrt(_RIDGE * len(target)) * np.eye(2 * count - 1)
    denominator = np.ones(len(target))
    for _ in range(_REWEIGHTINGS):
        equations = np.concatenate([design, -target[:, None] * design[:, 1:]], axis=1) / denominator[:, None]
        stacked = np.concatenate([equations, ridge])
        wanted = np.concatenate([target / denominator, np.zeros(2 * count - 1)])
        orthogonal, triangle = np.linalg.qr(stacked)
        solution = np.linalg.solve(triangle, orthogonal.T @ wanted)
        bottom = np.concatenate([[1.0], solution[count:]])
        denominator = design @ bottom
        if denominator.min() <= 0:
            raise Failure("no rational model fits these points: its denominator vanishes; give more points")
    return np.stack([solution[:count], bottom])


def _chunks(size: int) -> Iterator[slice]:
    return (slice(start, start + _CHUNK) for start in range(0, size, _CHUNK))

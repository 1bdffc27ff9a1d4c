"""The contract of a matcher, which compares windows of two images."""

import numpy as np
from scipy import ndimage

from oemsar.arrays import Floats
from oemsar.prepare.align.config import MATCHERS
from oemsar.prepare.align.matching.matchers import Matcher
from oemsar.prepare.align.scene.geometry import Scale
from oemsar.testing.expect import expect

_SHAPE = (150, 190)
"""Rows and columns of the image that is compared with itself."""
_TOP, _LEFT, _HEIGHT, _WIDTH, _REACH = 50, 60, 48, 64, 9


def check_matcher(name: str) -> None:
    """Check that a registered matcher keeps the contract.

    Prepared pixels keep rows and columns of an image that is not square; a surface has one finite number for
    each displacement, and is highest at the true one.

    Args:
        name: Name of an engine of `oemsar prepare align`.

    Raises:
        AssertionError: The matcher breaks the contract; the sentence says how.
        InputError: The matcher is not known.
    """
    matcher = MATCHERS.find(name)()
    expect(
        isinstance(matcher.margin, int) and matcher.margin >= 0,
        f"matcher {name} has the margin {matcher.margin}, which is no number of pixels",
    )
    _check_scale(name, matcher, "linear")
    _check_scale(name, matcher, "logarithmic")


def _check_scale(name: str, matcher: Matcher, scale: Scale) -> None:
    image = _texture()
    valid = np.ones(_SHAPE, bool)
    prepared = matcher.prepare(image, valid, scale)
    expect(
        prepared.shape[-2:] == _SHAPE,
        f"matcher {name} prepares pixels of shape {prepared.shape} from an image of shape {_SHAPE}",
    )
    known = valid[_TOP : _TOP + _HEIGHT, _LEFT : _LEFT + _WIDTH]
    template = prepared[..., _TOP : _TOP + _HEIGHT, _LEFT : _LEFT + _WIDTH]
    for down, right in ((0, 0), (4, -7), (-6, 3)):
        top, left = _TOP - _REACH - down, _LEFT - _REACH - right
        wide = prepared[..., top : top + _HEIGHT + 2 * _REACH, left : left + _WIDTH + 2 * _REACH]
        surface = matcher.surface(template, known, wide)
        side = 2 * _REACH + 1
        expect(
            surface.shape == (side, side),
            f"matcher {name} gives a surface of shape {surface.shape} for a reach of {_REACH}",
        )
        expect(bool(np.isfinite(surface).all()), f"matcher {name} gives a surface that is not finite")
        row, column = divmod(int(surface.argmax()), side)
        expect(
            (row - _REACH, column - _REACH) == (down, right),
            f"matcher {name} finds a displacement of {row - _REACH} rows and {column - _REACH} columns where "
            f"it is {down} and {right}",
        )


def _texture() -> Floats:
    """Draw amplitudes of smooth patches with edges between them, above zero."""
    noise = np.random.default_rng(0).standard_normal(_SHAPE)
    patches = ndimage.gaussian_filter(noise, 4.0)
    steps = np.digitize(patches, np.quantile(patches, (0.25, 0.5, 0.75)))
    texture: Floats = (40 + 60 * steps + 3 * ndimage.gaussian_filter(noise, 1.0)).astype(np.float32)
    return texture

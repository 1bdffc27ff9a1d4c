"""Legends of other projects, mapped by names to the eight classes of this one."""

from collections.abc import Sequence

from oemsar import legend
from oemsar.errors import InputError

LEGENDS: dict[str, tuple[str, ...]] = {
    "oemsar": legend.NAMES,
    "openearthmap": (
        "background",
        "bareland",
        "rangeland",
        "developed space",
        "road",
        "tree",
        "water",
        "agriculture land",
        "buildings",
    ),
}
"""Legends by name: this project's, and that of OpenEarthMap (Xia et al. 2023, WACV), 0 its background."""

_UNKNOWN = frozenset({"unknown", "background", "unlabelled", "unlabeled", "void"})
_OTHER_NAMES = {
    "bare land": "bareland",
    "range land": "rangeland",
    "developed": "developed space",
    "agriculture": "agriculture land",
    "agricultural land": "agriculture land",
}


def channels_of(names: Sequence[str]) -> tuple[int, ...]:
    """Find the channel of each of the eight classes among those of another legend.

    Case, underscores, hyphens and a plural `s` make no difference. A background is no class: it is left out.

    Args:
        names: Name of the class of each channel, in their order.

    Returns:
        Index of the channel of each class, in legend order.

    Raises:
        InputError: The legends do not correspond one to one: a class has no channel or two, or a channel is
            of no class.
    """
    own = {_plain(name): name for name in legend.NAMES}
    found: dict[str, int] = {}
    for channel, name in enumerate(names):
        plain = _plain(name)
        if plain in _UNKNOWN:
            continue
        if plain not in own:
            raise InputError(
                f"its class {name[:40]!r} is none of {', '.join(legend.NAMES)}; give a model whose classes "
                "correspond to these one to one",
                option="legend",
            )
        if plain in found:
            raise InputError(
                f"its classes {names[found[plain]]} and {name} are both {own[plain]}; give a model whose "
                "classes correspond one to one",
                option="legend",
            )
        found[plain] = channel
    if lacking := [own[plain] for plain in own if plain not in found]:
        raise InputError(
            f"it has no class for {lacking[0]}; give a model whose classes correspond one to one",
            option="legend",
        )
    return tuple(found[plain] for plain in own)


def _plain(name: str) -> str:
    """Write a name without what makes no difference."""
    words = " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
    single = words.removesuffix("s")
    return _OTHER_NAMES.get(single, single)

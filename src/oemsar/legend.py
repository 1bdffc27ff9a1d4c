"""The eight land cover classes and 0 = unknown: ids, names and colours of the paper's Table II."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LandCover:
    """One entry of the legend.

    Attributes:
        id: Value in label files.
        name: Name as printed.
        colour: Colour as (red, green, blue), 0..255.
    """

    id: int
    name: str
    colour: tuple[int, int, int]

    @property
    def hex(self) -> str:
        """The colour as `#rrggbb`."""
        return "#{:02x}{:02x}{:02x}".format(*self.colour)


UNKNOWN = LandCover(0, "Unknown", (0, 0, 0))
"""Id 0: never trained on, never scored, never predicted; nodata of every class map."""

CLASSES = (
    LandCover(1, "Bareland", (0x80, 0x00, 0x00)),
    LandCover(2, "Rangeland", (0x00, 0xFF, 0x24)),
    LandCover(3, "Developed space", (0x94, 0x94, 0x94)),
    LandCover(4, "Road", (0xFF, 0xFF, 0xFF)),
    LandCover(5, "Tree", (0x22, 0x61, 0x26)),
    LandCover(6, "Water", (0x00, 0x45, 0xFF)),
    LandCover(7, "Agriculture land", (0x4B, 0xB5, 0x49)),
    LandCover(8, "Building", (0xDE, 0x1F, 0x07)),
)
"""The classes in legend order; a network's logit k belongs to `CLASSES[k]`, whose id is k + 1."""

NUM_CLASSES = len(CLASSES)
NAMES = tuple(entry.name for entry in CLASSES)
MAX_ID = CLASSES[-1].id


def palette() -> dict[int, tuple[int, int, int]]:
    """Give the colour (red, green, blue) of every id, unknown included."""
    return {entry.id: entry.colour for entry in (UNKNOWN, *CLASSES)}


def category_names() -> tuple[str, ...]:
    """Give the name of every id in order, unknown first, as category names of a class map."""
    return (UNKNOWN.name, *NAMES)

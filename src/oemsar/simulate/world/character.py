"""Countries and kinds of places that the simulator knows."""

from typing import Literal, get_args

Country = Literal["FRA", "JPN", "USA"]
Character = Literal["urban", "suburban", "rural", "coastal"]

COUNTRIES: tuple[Country, ...] = get_args(Country)
CHARACTERS: tuple[Character, ...] = get_args(Character)

"""The contract of an optical profile."""

from oemsar.prepare.radiometry.config import PROFILES
from oemsar.testing.expect import expect


def check_optical_profile(name: str) -> None:
    """Check that a registered optical profile bears its name, states its terms, and names three bands.

    Args:
        name: Name in `oemsar.prepare.radiometry.config.PROFILES`.

    Raises:
        AssertionError: The profile breaks the contract; the sentence says how.
        InputError: The profile is not known.
    """
    profile = PROFILES.find(name)
    expect(profile.name == name, f"profile {name} bears the name {profile.name}")
    for field in ("title", "attribution", "licence"):
        expect(bool(getattr(profile, field)), f"profile {name} states no {field}")
    expect(profile.url.startswith("https://"), f"profile {name} gives no https address of its terms")
    expect(
        len(profile.bands) == 3 and all(band >= 1 for band in profile.bands),
        f"profile {name} does not name three bands from 1: {profile.bands}",
    )

"""Facts of a tile that are columns of its table: acquisition, shares of masks, terms, labelling."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, field_validator

from oemsar.config_file import Value
from oemsar.errors import InputError

Share = Annotated[float, Field(ge=0, le=1)]


class TileFacts(Value):
    """Facts of a tile, each None where it is not known; a table has a column for each that any tile has."""

    acquired: str | None = None
    """Time of the radar acquisition, ISO 8601."""
    look_azimuth: Annotated[float, Field(ge=-360, le=720)] | None = None
    """Ground direction in which the radar looks, degrees clockwise from true north."""
    incidence: Annotated[float, Field(gt=0, lt=90)] | None = None
    """Incidence angle of the radar, degrees from the vertical."""
    sar_valid_share: Share | None = None
    """Share of the tile with radar data, 0..1."""
    optical_valid_share: Share | None = None
    """Share of the tile with optical data, 0..1."""
    both_valid_share: Share | None = None
    """Share of the tile with data in both images, 0..1."""
    layover_share: Share | None = None
    """Share of layover in the ground that both images show, 0..1."""
    shadow_share: Share | None = None
    """Share of radar shadow in the ground that both images show, 0..1."""
    sar_attribution: str | None = None
    """Words that a publication of the radar image must carry."""
    sar_licence: str | None = None
    """Terms of the radar image."""
    optical_attribution: str | None = None
    """Words that a publication of the optical image must carry."""
    optical_licence: str | None = None
    """Terms of the optical image."""
    agreement: Share | None = None
    """Share of pixels to which two models of a pseudo label give one class, mean over all pairs, 0..1."""
    mean_confidence: Share | None = None
    """Mean probability of the most probable class of a pseudo label, 0..1."""
    confident_share: Share | None = None
    """Share of the mapped pixels whose confidence reaches the threshold of the pseudo label, 0..1."""
    stratum: str | None = None
    """Stratum of a sample that the tile belongs to."""
    inclusion_probability: Annotated[float, Field(gt=0, le=1)] | None = None
    """Probability with which the tile comes into the sample, above 0, at most 1."""
    labelled_by: str | None = None
    """Name of the person who labelled the tile by hand."""
    labelled_at: str | None = None
    """Time at which the label was finished, ISO 8601."""
    labelled_share: Share | None = None
    """Share of the tile that is labelled by hand, 0..1."""

    @field_validator("acquired", "labelled_at")
    @classmethod
    def _is_a_time(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                datetime.fromisoformat(text)
            except ValueError as error:
                raise InputError(f"{text[:40]} is no time; write it as ISO 8601") from error
        return text

    def stated(self) -> dict[str, str | float]:
        """Give the facts that are known, by name."""
        return self.model_dump(exclude_none=True)

    def changed(self, **facts: Any) -> Self:  # noqa: ANN401 (as many types as facts)
        """Give the same facts with some of them changed, checked."""
        return type(self)(**{**self.model_dump(), **facts})


FACTS = tuple(TileFacts.model_fields)
"""Names of the facts, which are those of their columns."""

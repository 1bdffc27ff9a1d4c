"""The former name of what a network sees; it goes when nothing uses it any more."""

from oemsar import inputs


class Modalities:
    """The inputs of the paper's networks by their former names; see `oemsar.inputs`."""

    SAR = inputs.SAR
    OPTICAL = inputs.OPTICAL
    SAR_OPTICAL = inputs.SAR_OPTICAL

"""An encoder small enough to build in no time."""

from oemsar.models.vmamba.encoder import Variant

SMALL = Variant(16, (1, 1, 2, 1), 1, 0.2)

"""VMamba with UPerNet, the paper's third network."""

from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.models.upernet import UPerNet
from oemsar.models.vmamba.encoder import STRIDE, VMambaEncoder
from oemsar.models.vmamba.weights import PUBLISHED, fetch_checkpoint, load_classifier_weights


def vmamba(spec: ModelSpec, *, pretrained: bool = False) -> LandCoverNetwork:
    """Build VMamba (Liu et al., arXiv 2401.10166, version 2) with a UPerNet head of 512 channels.

    With three channels it has 61.7, 81.6 and 121.9 million parameters for T, S and B, auxiliary head
    included: the published 62, 82 and 122 million; the later S and B have 80.6 and 120.0 million. The
    published networks tell 150 classes apart instead of eight, 0.1 million parameters more.

    Args:
        spec: Description of the network; its encoder is one of `oemsar.models.vmamba.encoder.VARIANTS`.
        pretrained: Whether to start the encoder from the authors' ImageNet weights, fetched over the network.

    Raises:
        InputError: The encoder is not known.
        Failure: The ImageNet weights cannot be fetched.
    """
    encoder = VMambaEncoder(spec.modalities.channels, spec.encoder)
    if pretrained:
        fetched, source = fetch_checkpoint(spec.encoder), PUBLISHED[spec.encoder]
        load_classifier_weights(encoder, fetched, source, spec.modalities)
    return LandCoverNetwork(spec, UPerNet(encoder), STRIDE)

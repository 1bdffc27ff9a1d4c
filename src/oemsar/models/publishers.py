"""Published weights that oemsar reads, as far as their publishers and public indexes of them tell.

Addresses: of MaRS those of its Zenodo record, of Mix Transformers those of the releases of
segmentation-models-pytorch, of VMamba those of its authors' releases. Sizes and checksums stand only where a
public source states them; those of MaRS are of the metadata of its record.
"""

from oemsar.models.published import PublishedFile, PublishedWeights

_MARS = "https://zenodo.org/records/17800805/files"
_MARS_API = "https://zenodo.org/api/records/17800805/files"
_MIT = "https://github.com/qubvel/segmentation_models.pytorch/releases/download/v0.0.2"
VMAMBA_RELEASE = "https://github.com/MzeroMiko/VMamba/releases/download/%23v2cls"


def _mars(kind: str, inputs: str, size: int, md5: str) -> PublishedWeights:
    name = f"mars_base_{kind}_encoder_only.pth"
    return PublishedWeights(
        about="SwinV2-B encoder of MaRS, trained on 16 million pairs of radar and optical images",
        inputs=inputs,
        licence="academic research only (MaRS, RSIDEA group, Wuhan University)",
        page="https://github.com/WanderRainy/MaRS",
        must_accept=True,
        files=(
            PublishedFile(
                name=name,
                addresses=(f"{_MARS}/{name}?download=1", f"{_MARS_API}/{name}/content"),
                size=size,
                md5=md5,
            ),
        ),
        use="oemsar train --model upernet --encoder swinv2_base_window8_256 --encoder-weights FILE",
    )


MARS_SAR = _mars("sar", "sar", 347_687_055, "8789da9bc9a44853d50d92371a1b4a6c")
MARS_OPTICAL = _mars("rgb", "optical", 347_703_439, "5ab1b978f783cbded01427c50b0c0dbb")


def _mit(size: str) -> PublishedWeights:
    name = f"mit_{size}.pth"
    return PublishedWeights(
        about=f"Mix Transformer {size.upper()} of SegFormer, trained on ImageNet",
        inputs="optical",
        licence="NVIDIA Source Code License for SegFormer: research or evaluation only, non-commercial",
        page="https://github.com/NVlabs/SegFormer/blob/master/LICENSE",
        must_accept=True,
        files=(PublishedFile(name=name, addresses=(f"{_MIT}/{name}",)),),
        use=f"oemsar train --model segformer --variant {size} --encoder-weights FILE",
    )


MIT_B0, MIT_B1, MIT_B2, MIT_B3, MIT_B4, MIT_B5 = (_mit(f"b{size}") for size in range(6))

VMAMBA_FILES = {
    "t": "vssm1_tiny_0230s_ckpt_epoch_264.pth",
    "s": "vssm_small_0229_ckpt_epoch_222.pth",
    "b": "vssm_base_0229_ckpt_epoch_237.pth",
    "s-s1l20": "vssm1_small_0229s_ckpt_epoch_240.pth",
    "b-s1l20": "vssm1_base_0229s_ckpt_epoch_225.pth",
}
"""Checkpoints of the authors of VMamba by the variant that they hold."""


def _vmamba(variant: str) -> PublishedWeights:
    name = VMAMBA_FILES[variant]
    return PublishedWeights(
        about=f"VMamba {variant.upper()}, trained on ImageNet",
        inputs="optical",
        licence="MIT",
        page="https://github.com/MzeroMiko/VMamba",
        files=(PublishedFile(name=name, addresses=(f"{VMAMBA_RELEASE}/{name}",)),),
        use=f"oemsar train --model vmamba --variant {variant} --encoder-weights FILE",
    )


VMAMBA_T, VMAMBA_S, VMAMBA_B, VMAMBA_S_S1L20, VMAMBA_B_S1L20 = map(_vmamba, VMAMBA_FILES)

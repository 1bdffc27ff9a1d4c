"""STAC item of the model that made a map, by the extension `mlm`."""

import re
from pathlib import Path
from typing import NamedTuple

from pydantic import JsonValue

from oemsar import legend
from oemsar.models.spec import ModelSpec
from oemsar.predict.stac_parts import SCHEMA, Json, asset, classes, utc

_EXTENSIONS = ("mlm/v1.5.2", "classification/v1.1.0")
_TASK = "semantic-segmentation"


class ModelFiles(NamedTuple):
    """A model as an item describes it.

    Attributes:
        name: Name as it was given.
        spec: Description of the network.
        files: Weights and description; empty for a network in memory.
    """

    name: str
    spec: ModelSpec
    files: tuple[Path, ...]


def model_item(model: ModelFiles, path: Path, time: str) -> Json:
    """Describe a model, by the extension `mlm`."""
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [SCHEMA.format(name) for name in _EXTENSIONS],
        "id": path.name.removesuffix(".stac.json"),
        "geometry": None,
        "properties": _model_properties(model.spec, time),
        "links": [],
        "assets": _model_assets(model, path.parent),
    }


def _model_properties(spec: ModelSpec, time: str) -> Json:
    """Describe the network of a model, its input and its output."""
    bands = [
        part.name if part.channels == 1 else f"{part.name}_{channel + 1}"
        for part in spec.modalities
        for channel in range(part.channels)
    ]
    scaling: list[JsonValue] = [
        {"type": "z-score", "mean": mean, "stddev": std}
        for mean, std in zip(spec.mean, spec.std, strict=True)
    ]
    seen = _pixels(len(bands), "bands", "uint8" if spec.modalities.are_bytes else "float32")
    given = _pixels(legend.NUM_CLASSES, "class", "float32")
    return {
        "datetime": utc(time),
        "description": "Network for land cover; its time is that of a map it made.",
        "bands": [{"name": name} for name in bands],
        "mlm:name": re.sub(r"[^0-9A-Za-z_.-]+", " ", f"oemsar {spec.architecture} {spec.modalities}").strip(),
        "mlm:architecture": f"{spec.architecture} ({spec.encoder})",
        "mlm:framework": "PyTorch",
        "mlm:tasks": [_TASK],
        "mlm:input": [
            {
                "name": str(spec.modalities),
                "bands": [*bands],
                "input": seen,
                "value_scaling": scaling,
                "resize_type": None,
            }
        ],
        "mlm:output": [
            {
                "name": "land_cover",
                "tasks": [_TASK],
                "result": given,
                "classification:classes": classes(),
            }
        ],
    }


def _pixels(layers: int, name: str, kind: str) -> Json:
    """Describe an array of images of any number and size."""
    return {"shape": [-1, layers, -1, -1], "dim_order": ["batch", name, "height", "width"], "data_type": kind}


def _model_assets(model: ModelFiles, here: Path) -> Json:
    """Describe the files of a model; one in memory has none."""
    if not model.files:
        return {}
    weights, description = model.files
    return {
        "weights": {
            **asset(weights, here, "Weights", "application/octet-stream", "mlm:model"),
            "roles": ["mlm:model", "mlm:weights"],
            "mlm:artifact_type": "safetensors.torch.save_file",
        },
        "description": asset(description, here, "Description", "application/json", "metadata"),
    }

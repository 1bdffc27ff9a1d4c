"""Models that pseudo labels come from: saved models and ONNX files, opened as one."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from oemsar.config_file import Value
from oemsar.curate.pseudo_label.config import PseudoLabelConfig
from oemsar.errors import InputError
from oemsar.files import checksum
from oemsar.inference.engine import NetworkEngine
from oemsar.inference.ensemble import Ensemble
from oemsar.inference.select import join, open_engine
from oemsar.models.described_onnx import OnnxModel, is_onnx, read_onnx
from oemsar.models.joint import JointSpec, Models, as_models, as_networks
from oemsar.models.network import LandCoverNetwork
from oemsar.models.saved import model_files
from oemsar.record import FileOrigin

Loaded: TypeAlias = LandCoverNetwork | OnnxModel


class ModelOrigin(Value):
    """A model in a record."""

    model: str
    """Path of the model as it was given."""
    files: tuple[FileOrigin, ...]
    """Files of the model; none for a network in memory."""


@dataclass(frozen=True, eq=False)
class Members:
    """Models of a run.

    Attributes:
        loaded: Network, or ONNX file with its description, of each.
        origins: Description of each for a record.
        files: Files of all of them.
    """

    loaded: tuple[Loaded, ...]
    origins: tuple[ModelOrigin, ...]
    files: tuple[Path, ...]

    @property
    def spec(self) -> JointSpec:
        """Inputs of all models together."""
        return JointSpec.of([model.spec for model in self.loaded])

    @contextmanager
    def open(self, config: PseudoLabelConfig) -> Iterator[Ensemble]:
        """Make the models ready on this machine, as one.

        Raises:
            InputError: An engine or device is not there, or an ONNX file is not as its description says.
        """
        with ExitStack() as stack:
            several = len(self.loaded) > 1
            opened = [
                stack.enter_context(_opened(model, config, origin.model if several else None))
                for model, origin in zip(self.loaded, self.origins, strict=True)
            ]
            yield join(opened, config.weights)


def read_members(models: Models, config: PseudoLabelConfig) -> Members:
    """Read models, or the descriptions of those in ONNX files.

    Args:
        models: Models as they are given.
        config: Weights of the models.

    Raises:
        InputError: There is none, one cannot be read or is of another legend, or the number of weights is
            another.
    """
    given = as_models(models)
    if config.weights and len(config.weights) != len(given):
        raise InputError(
            f"{len(config.weights)} weights are given for {len(given)} models; give one for each",
            option="weights",
        )
    loaded: list[Loaded] = []
    for model in given:
        if isinstance(model, Path) and is_onnx(model):
            loaded.append(read_onnx(model))
        else:
            try:
                loaded += as_networks(model)
            except InputError as error:
                raise InputError(error.sentence, option="model") from error
    files = [_files(model, each) for model, each in zip(given, loaded, strict=True)]
    origins = tuple(
        ModelOrigin(
            model=str(model) if isinstance(model, Path) else "a network in memory",
            files=tuple(FileOrigin(file=file.name, sha256=checksum(file)) for file in of_model),
        )
        for model, of_model in zip(given, files, strict=True)
    )
    return Members(tuple(loaded), origins, tuple(file for of_model in files for file in of_model))


def _files(model: Path | LandCoverNetwork, loaded: Loaded) -> Sequence[Path]:
    return loaded.files if isinstance(loaded, OnnxModel) else model_files(model)


def _opened(model: Loaded, config: PseudoLabelConfig, name: str | None) -> NetworkEngine:
    if isinstance(model, OnnxModel):
        from oemsar.inference.onnx_engine import OnnxEngine

        return OnnxEngine(model, config.flips, config.scales)
    return open_engine(
        model, kind=config.engine, device=config.device, flips=config.flips, scales=config.scales, name=name
    )

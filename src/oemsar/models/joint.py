"""Several networks as one: what they see together, and where each of them has a say."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.inputs import Input, Inputs
from oemsar.models.network import LandCoverNetwork
from oemsar.models.saved import as_network, model_files
from oemsar.models.spec import MOST_INPUTS, ModelSpec

Model: TypeAlias = Path | LandCoverNetwork
"""Folder of a run or of a saved model, or the name of a model that comes with a package, or a network."""
Models: TypeAlias = Model | str | Sequence[Model | str]
"""A model, or several whose probabilities are averaged."""


def as_models(models: Models) -> tuple[Model, ...]:
    """List models, of which one may stand alone.

    Raises:
        InputError: There is none.
    """
    listed = (models,) if isinstance(models, str | Path | LandCoverNetwork) else tuple(models)
    if not listed:
        raise InputError("no model is given; give one or more")
    return tuple(Path(model) if isinstance(model, str) else model for model in listed)


def as_networks(models: Models) -> tuple[LandCoverNetwork, ...]:
    """Load models in evaluation mode; one that is given several times is loaded once.

    Raises:
        InputError: There is none, one cannot be read, or is of another legend.
    """
    loaded: dict[Model, LandCoverNetwork] = {}
    for model in as_models(models):
        if model not in loaded:
            loaded[model] = as_network(model)
    return tuple(loaded[model] for model in as_models(models))


def files_of_models(models: Models) -> list[Path]:
    """List the files of saved models; networks in memory have none.

    Raises:
        InputError: A path holds no saved model.
    """
    return [file for model in as_models(models) for file in model_files(model)]


def names_of_models(models: Models) -> tuple[str, ...]:
    """Name models as they are given, for a record."""
    return tuple(
        str(model) if isinstance(model, Path) else "a network in memory" for model in as_models(models)
    )


@dataclass(frozen=True)
class JointSpec:
    """Inputs of several networks as one; of a network alone they are its own.

    Attributes:
        specs: Description of each network, at least one.
        modalities: Inputs that any of them sees, their channels stacked in their order.
        names: Names of the networks for the log; empty where they have none.
    """

    specs: tuple[ModelSpec, ...]
    modalities: Inputs
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, specs: Sequence[ModelSpec], names: Sequence[str] = ()) -> "JointSpec":
        """Join the descriptions of networks, which may have names.

        Raises:
            InputError: They see an input with different numbers of channels, or too many inputs.
        """
        if len(specs) == 1:
            return cls(tuple(specs), specs[0].modalities, tuple(names))
        joint = cls(tuple(specs), Inputs.joined(spec.modalities for spec in specs), tuple(names))
        if joint.takes_any and len(joint.modalities) > MOST_INPUTS:
            raise InputError(
                f"the models see {len(joint.modalities)} inputs together; give some of {MOST_INPUTS} or fewer"
            )
        return joint

    @property
    def takes_any(self) -> bool:
        """Whether an image may lack inputs pixel by pixel, and so comes with a mask of each.

        So it is of a network that takes any subset, and of networks that see different inputs.
        """
        return any(spec.takes_any or spec.modalities != self.modalities for spec in self.specs)

    @property
    def known_as(self) -> tuple[str, ...]:
        """Words for each network in the log: `The model` where there is one."""
        if len(self.specs) == 1:
            return ("The model",)
        return self.names or tuple(f"Model {number}" for number in range(1, len(self.specs) + 1))

    @property
    def all_take_any(self) -> bool:
        """Whether every network takes any subset of its inputs."""
        return all(spec.takes_any for spec in self.specs)

    def require_seen(self, given: Inputs) -> None:
        """Check that every network can do with some inputs.

        Raises:
            InputError: One needs an input that is not given, or sees none of them.
        """
        for spec in self.specs:
            lacking = [name for name in spec.modalities.names if name not in given]
            if lacking and (not spec.takes_any or len(lacking) == len(spec.modalities)):
                need = "one" if spec.takes_any else "all"
                raise InputError(
                    f"one of the models needs {need} of {spec.modalities}, and {lacking[0]} is not given; "
                    "give it or leave that model out"
                )

    def counting(self, valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell which networks see enough of a pixel to have a say in it.

        A network that takes any subset sees enough where one of its inputs carries data; another where its
        first input and every grey-value input do, whatever its further measured inputs: those it takes for
        their mean.

        Args:
            valid: Pixels where each of `modalities` carries data, shape (inputs, height, width).

        Returns:
            Shape (networks, height, width).
        """
        counts = []
        for spec in self.specs:
            seen = [part for part in spec.modalities if self._is_needed(part, spec)]
            planes = valid[[self.modalities.names.index(part.name) for part in seen]]
            counts.append(planes.any(0) if spec.takes_any else planes.all(0))
        return np.stack(counts)

    def mapped(self, valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell which pixels a network has a say in, shape (height, width); see `counting`."""
        any_of_them: NDArray[np.bool_] = np.logical_or.reduce(self.counting(valid))
        return any_of_them

    @staticmethod
    def _is_needed(part: Input, spec: ModelSpec) -> bool:
        return spec.takes_any or part.is_bytes or part == spec.modalities.parts[0]

"""State of a map that is being made, kept beside it, so that the same command goes on where it stopped."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, JsonValue

from oemsar.config_file import Value, read_json
from oemsar.disk import disk_errors, require_room
from oemsar.errors import InputError
from oemsar.files import partial_path, unlinked, write_json
from oemsar.fingerprint import fingerprint
from oemsar.legend import NUM_CLASSES
from oemsar.models.joint import Model, Models, as_models
from oemsar.models.saved import model_files
from oemsar.predict.config import PredictConfig
from oemsar.products.reader import OpenedProduct
from oemsar.raster.pyramid import Pyramid
from oemsar.raster.state import InputState, raster_state
from oemsar.record import package_versions

_STATE = "state.json"
_DIGESTS = 2
"""Digests of a model: of its weights and of its description."""
_BLOCK = 512
"""Bytes that the file system counts the room of a file in."""


@dataclass(frozen=True)
class MapCheckpoint:
    """Part of a map that is on disk.

    Attributes:
        rows: Number of complete rows of windows.
        pixels: Number of mapped pixels of each class, in legend order.
        subsets: Number of mapped pixels of each subset of the inputs, for a network that takes any.
    """

    rows: int
    pixels: tuple[int, ...]
    subsets: tuple[int, ...] = ()


class MapInputs(Value):
    """State of everything that a map is made from."""

    model: tuple[str, ...]
    """Digests of the weights and of the description of each model, in their order."""
    scene: tuple[str, InputState]
    """Path of the scene, and the state of its files."""
    optical: tuple[str, InputState] | None
    """Path of the orthophoto, and the state of its files; None without one."""
    further: dict[str, tuple[str, InputState]] = Field(default={})
    """Path and state of the files of each further input, by its name."""
    product: tuple[str, ...]
    """Kind and band of a radar product that is made amplitude; else empty."""

    @classmethod
    def of(
        cls,
        model: tuple[str, ...],
        scene: Path,
        beside: Mapping[str, Path],
        product: OpenedProduct | None,
    ) -> Self:
        """Take the state of images; that of the model was taken before it was loaded.

        Args:
            model: State of the model.
            scene: Scene.
            beside: Images beside it, by the name of their input.
            product: Product of the scene where it is made amplitude; None otherwise.

        Raises:
            InputError: One of them cannot be read.
        """
        metadata = () if product is None else product.metadata
        images = {name: (str(path.resolve()), raster_state(path)) for name, path in beside.items()}
        return cls(
            model=model,
            scene=(str(scene.resolve()), raster_state(scene, metadata)),
            optical=images.pop("optical", None),
            further=images,
            product=() if product is None else (product.product.kind, str(product.band)),
        )

    def changed(self, later: "MapInputs") -> str | None:
        """Name what differs at a later time; None where nothing does."""
        if self.model != later.model:
            return "the model" if len(self.model) <= _DIGESTS else "one of the models"
        images = [(self.scene, later.scene), (self.optical, later.optical)]
        images += [(self.further[name], later.further.get(name)) for name in self.further]
        return next((before[0] for before, after in images if before is not None and before != after), None)


class MapIdentity(Value):
    """Everything that decides the pixels of a map."""

    versions: dict[str, str]
    """Versions of Python and of the packages that decide a result."""
    inputs: MapInputs
    """Model and images."""
    engine: str
    """Engine that runs the network."""
    config: PredictConfig
    """Options of the prediction."""

    @classmethod
    def of(cls, inputs: MapInputs, engine: str, config: PredictConfig) -> Self:
        """Identify a map that is made now, with the packages that are installed."""
        return cls(versions=package_versions(), inputs=inputs, engine=engine, config=config.of_pixels)


class _StoredState(Value):
    """Content of `state.json`."""

    task: str
    """Digest of everything that decides the pixels of the map."""
    rows: int = Field(ge=0)
    """Number of complete rows of windows."""
    pixels: Annotated[tuple[int, ...], Field(min_length=NUM_CLASSES, max_length=NUM_CLASSES)]
    """Number of mapped pixels of each class, in legend order."""
    subsets: tuple[Annotated[int, Field(ge=0)], ...] = Field(())
    """Number of mapped pixels of each subset of the inputs; empty for a network that needs all."""


class ResumableMap:
    """Folder `.MAP.partial` in which a map is made.

    Killing the process leaves the rows that were complete; an interrupted row is done again and gives the
    same bytes.
    """

    def __init__(self, out: Path, identity: MapIdentity) -> None:
        """Open the folder of `out`; rows of a map with another identity are thrown away.

        Args:
            out: Map to be written.
            identity: Everything that decides the pixels of the map.
        """
        self._out = out
        self.folder = unlinked(partial_path(out))
        plain = json.dumps(identity.model_dump(mode="json"), sort_keys=True)
        self._task = hashlib.sha256(plain.encode()).hexdigest()
        self.checkpoint = self._read()
        if self.checkpoint is None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()

    def save(self, checkpoint: MapCheckpoint) -> None:
        """Record that the rows up to `checkpoint.rows` are on disk."""
        self.checkpoint = checkpoint
        state: dict[str, JsonValue] = {
            "task": self._task,
            "rows": checkpoint.rows,
            "pixels": list(checkpoint.pixels),
        }
        if checkpoint.subsets:
            state["subsets"] = list(checkpoint.subsets)
        write_json(self.folder / _STATE, state)

    @contextmanager
    def working(self, shape: tuple[int, int], layers: int) -> Iterator[None]:
        """Work on a map in the folder, which stays after an error where a later run can go on from it.

        Args:
            shape: Rows and columns of the map.
            layers: Number of bands of bytes that it is made in.

        Raises:
            DiskFull: The disk has no room for the layers of the map and their overviews, or fills meanwhile.
        """
        try:
            held = sum(getattr(file.stat(), "st_blocks", 0) * _BLOCK for file in self.folder.iterdir())
            needed = Pyramid.bytes_needed(shape, bands=layers) - held
            require_room(self._out.parent, needed, f"for the work on {self._out.name}")
            with disk_errors(self._out):
                yield
        except BaseException:
            if self.checkpoint is None:
                self.remove()
            raise

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self) -> MapCheckpoint | None:
        try:
            state = read_json(self.folder / _STATE, _StoredState, "state of a map")
        except InputError:
            return None
        if state.task != self._task:
            return None
        return MapCheckpoint(state.rows, state.pixels, state.subsets)


def model_state(models: Models) -> tuple[str, ...]:
    """Compute digests of the weights and of the description of each model, one model after the other."""
    return tuple(digest for model in as_models(models) for digest in _digests(model))


def _digests(model: Model) -> tuple[str, ...]:
    if isinstance(model, Path):
        return tuple(fingerprint(path) for path in model_files(model))
    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest(), model.spec.model_dump_json()

"""State of the input files of a pair: whether each is the file that it was."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from oemsar.fingerprint import fingerprint
from oemsar.raster.state import InputState, raster_state
from oemsar.record import source_name


def input_states(files: Mapping[str, Path], metadata: Sequence[Path] = ()) -> dict[str, InputState]:
    """Take the state of the input files of a region, by key.

    Args:
        files: Files by key.
        metadata: Files beside the radar product that its facts come from.
    """
    return {key: _state(key, path, metadata if key == "sar" else ()) for key, path in files.items()}


def _state(key: str, path: Path, metadata: Sequence[Path]) -> InputState:
    if key == "tie_points":
        return InputState(files={source_name(path): fingerprint(path)}, raster=None)
    return raster_state(path, metadata)

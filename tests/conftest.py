"""What all tests share."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import settings
from numpy.typing import NDArray
from rasterio import Affine

from . import inputs
from .commands import Run, command_server

inputs.install()  # before any verb is imported: what a verb reads is the same when it is done, in every test

from oemsar.models import torchvision_ops  # noqa: E402

# A test file may import timm, torchmetrics or Lightning before the package does.
torchvision_ops.declare()

SLOW = Path(__file__).with_name("slow.txt")
"""Names of tests that take long, one a line."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that take long, before those of a mark are chosen."""
    slow = set(SLOW.read_text(encoding="utf-8").splitlines())
    for item in items:
        if item.nodeid in slow:
            item.add_marker(pytest.mark.slow)


settings.register_profile("untimed", deadline=None)  # how long an example takes is no property of the code
settings.load_profile("untimed")

# A shell starts what runs in the background with Ctrl-C ignored, and every process from there on inherits
# that; with a handler here, the commands that tests start have theirs.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROTATED = Affine(-0.143, -0.577, 337934.48, -0.577, 0.143, 7840518.46)


@pytest.fixture(scope="session")
def run_command() -> Iterator[Run]:
    """Runs commands, each in a process of its own that begins with the package read."""
    with command_server() as together:
        yield lambda command: together([command])[0]


FileLimit = Callable[[int], AbstractContextManager[None]]


@pytest.fixture
def file_limit() -> FileLimit:
    """Lets no file of this process grow beyond some bytes, which fails as a full disk does."""
    resource = pytest.importorskip("resource")

    @contextmanager
    def limit(size: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        written, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # cut short, it would be kept
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            sys.dont_write_bytecode = written
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limit


@pytest.fixture
def write_scene(tmp_path: Path) -> Callable[..., Path]:
    """Writes pixels, shape (height, width) or (bands, height, width), to a GeoTIFF of the name given."""

    def write(name: str, pixels: NDArray[Any], **profile: Any) -> Path:
        bands = pixels if pixels.ndim == 3 else pixels[None]
        tags, rpcs, gcps = (profile.pop(key, None) for key in ("tags", "rpcs", "gcps"))
        georeference = {"crs": "EPSG:32759", "transform": ROTATED}
        options = {
            "driver": "GTiff",
            "count": bands.shape[0],
            "height": bands.shape[1],
            "width": bands.shape[2],
            "dtype": bands.dtype.name,
            **(georeference if gcps is None else {}),
            **profile,
        }
        path = tmp_path / name
        with rasterio.open(path, "w", **options) as dataset:
            dataset.write(bands)
            if tags is not None:
                dataset.update_tags(**tags)
            if rpcs is not None:
                dataset.rpcs = rpcs
            if gcps is not None:
                dataset.gcps = (gcps, "EPSG:4326")
        return path

    return write


@pytest.fixture
def collect() -> NDArray[np.uint8]:
    """Speckle in a square that stands on its corner, some pixels of it zero, zeros around; 1300 x 1100."""
    rows, columns = np.indices((1300, 1100))
    inside = np.abs(rows - 650) + np.abs(columns - 550) < 500
    speckle = np.random.default_rng(0).rayleigh(40, inside.shape).clip(0, 255).astype(np.uint8)
    speckle[640:650, 540:560] = 0
    return speckle * inside


@dataclass
class FileServer:
    """A server of the files of a folder, and what it was asked for.

    Names that contain `reset` break the connection, those that contain `login` are answered by a web page.
    """

    folder: Path
    address: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def file_server(tmp_path: Path) -> Iterator[FileServer]:
    """Serves `tmp_path`, parts of files as they are asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            if "reset" in self.path:
                self.connection.close()
                return
            path = tmp_path / self.path.partition("?")[0].lstrip("/")
            page = "login" in self.path
            if not (page or path.is_file()):
                self.send_error(404)
                return
            content = b"<html>" * 500 if page else path.read_bytes()
            first, last = 0, len(content) - 1
            if "Range" in self.headers:
                ends = self.headers["Range"].removeprefix("bytes=").split("-")
                first, last = int(ends[0]), min(int(ends[1] or last), last)
            self.send_response(206 if "Range" in self.headers else 200)
            self.send_header("Content-Type", "text/html" if page else "image/tiff")
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
            self.send_header("Content-Length", str(last + 1 - first))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content[first : last + 1])

        do_HEAD = do_GET  # noqa: N815 (name of the standard library)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = FileServer(tmp_path, f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield served
        server.shutdown()

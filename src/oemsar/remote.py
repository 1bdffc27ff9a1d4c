"""Rasters at addresses that a person typed: on a server, in an object store, in an archive."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from oemsar.addresses import dataset_name, is_remote, local_archive, spelled, web_address
from oemsar.errors import Failure, InputError
from oemsar.limits import require_regular

_ALONE = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}
"""Setting of GDAL by which it opens no file beside one: it would take any driver that claims it."""
_PATIENCE = {
    "GDAL_HTTP_CONNECTTIMEOUT": "10",
    "GDAL_HTTP_LOW_SPEED_LIMIT": "1",
    "GDAL_HTTP_LOW_SPEED_TIME": "15",
    "GDAL_HTTP_MAX_RETRY": "2",
    "GDAL_HTTP_RETRY_DELAY": "1",
}
"""Settings of GDAL for servers, for which it waits without end by itself; the user's own go before."""
_DRIVERS = ("GTiff", "JP2OpenJPEG", "PNG", "JPEG", "NITF", "HFA")
"""Drivers of files at an address; a virtual raster would name files by the word of a server."""
_NAMES_DATASETS = (("OVERVIEWS", ("OVERVIEW_FILE",)), ("GEOLOCATION", ("X_DATASET", "Y_DATASET")))
"""Metadata by which a file makes GDAL open another dataset."""
_SAMPLES = 16
_SAMPLE = 64
_TIMEOUT_SECONDS = 10.0


@contextmanager
def open_address(path: Path) -> Iterator[DatasetReader]:
    """Open the raster at an address. No file beside it and no virtual raster is read.

    Raises:
        InputError: There is none, or it is of no format that is read.
        Failure: The server does not answer as it should.
    """
    archive = local_archive(path)
    if archive is not None:
        require_regular(archive)
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    with _opened(path) as dataset:
        require_no_dataset_named(dataset, spelled(path))
        yield dataset


def require_no_dataset_named(dataset: DatasetReader, path: Path | str) -> None:
    """Check that the metadata of an open raster make GDAL open no other dataset.

    Raises:
        InputError: They name one.
    """
    for domain, keys in _NAMES_DATASETS:
        tags = dataset.tags(ns=domain)
        for key in keys:
            if key in tags:
                raise InputError(
                    f"{path} names another dataset in its metadata ({key} {tags[key]}), which is not opened; "
                    "remove the entry"
                )


def remote_fingerprint(path: Path) -> str:
    """Digest a raster on a server by its header and samples of its pixels, since all of it would be long.

    Raises:
        InputError: It cannot be read.
        Failure: The server does not answer as it should.
    """
    digest = hashlib.sha256(spelled(path).encode("utf-8", "surrogateescape"))
    with open_address(path) as dataset:
        header = (
            dataset.shape,
            dataset.dtypes,
            dataset.nodata,
            dataset.transform[:6],
            sorted(dataset.tags().items()),
        )
        digest.update(repr(header).encode())
        for number in range(_SAMPLES):
            row, column = ((size - 1) * number // (_SAMPLES - 1) for size in dataset.shape)
            width, height = min(_SAMPLE, dataset.width - column), min(_SAMPLE, dataset.height - row)
            try:
                digest.update(dataset.read(1, window=Window(column, row, width, height)).tobytes())
            except RasterioError as error:
                raise broken_off(path) from error
    return digest.hexdigest()


def broken_off(path: Path | str) -> Failure:
    """Say that an address could be opened but not read to its end."""
    return Failure(
        f"{spelled(path)} could not be read to its end: the server or the connection failed, or the file is "
        "damaged; run the command again, or fetch the file first"
    )


@contextmanager
def _opened(path: Path) -> Iterator[DatasetReader]:
    name = dataset_name(path)
    for driver in _DRIVERS:
        try:
            with rasterio.Env(**_ALONE):
                dataset = rasterio.open(name, driver=driver)
        except RasterioError as error:
            failure = error
            continue
        with dataset:
            yield dataset
        return
    raise _reason(path) from failure


def _reason(path: Path) -> Failure | InputError:
    """Say why an address could not be opened: what its server answers, or that it is no raster."""
    shown, web = spelled(path), web_address(path)
    if web is not None and (said := _answer(web)) is not None:
        return Failure(f"{shown} cannot be read: {said}; see whether the address is right")
    if is_remote(path) and web is None:
        return Failure(
            f"{shown} cannot be read as a raster; see whether the address is right and the keys of the store "
            "are set (such as AWS_ACCESS_KEY_ID, or AWS_NO_SIGN_REQUEST=YES for a public one)"
        )
    if local_archive(path) is not None:
        return InputError(
            f"{shown} is not in its archive, or is no raster that is read from one (virtual rasters are not)"
        )
    return InputError(
        f"{shown} is not a raster that is read from an address; give a GeoTIFF, JPEG 2000, PNG, JPEG, NITF "
        "or ERDAS Imagine file"
    )


def _answer(address: str) -> str | None:
    """Ask a server for the first bytes; None where it sends a file."""
    import httpx

    try:
        request = httpx.stream(
            "GET", address, headers={"Range": "bytes=0-1023"}, follow_redirects=True, timeout=_TIMEOUT_SECONDS
        )
        with request as response:
            if response.status_code not in (200, 206):
                return f"the server answers {response.status_code} {response.reason_phrase}".rstrip()
            if response.headers.get("content-type", "").startswith("text/html"):
                return "the server sends a web page in place of a file, perhaps one to log in"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"the server cannot be reached ({error or type(error).__name__})"
    return None

"""Whole files of scenes, brought to disk as they are."""

from pathlib import Path

from oemsar.disk import require_room
from oemsar.errors import Failure
from oemsar.progress import Report, silent
from oemsar.scenes.source import Order, Services
from oemsar.web.remote_file import PLAIN, Links, RemoteFile


def original_path(target: Path) -> Path:
    """Name the file beside `target` in which a source keeps what it makes `target` of."""
    return target.with_name(f".{target.name}.original")


def download(order: Order, services: Services, report: Report = silent, links: Links = PLAIN) -> None:
    """Bring the file of an order to disk, going on with what an earlier call left.

    Args:
        order: File at an address.
        services: Client that makes the requests.
        report: Called with the bytes received and the bytes in all.
        links: Links that open the address.

    Raises:
        DiskFull: The disk has no room left.
        Failure: The file is no longer there, the network fails, or the checksum is wrong.
    """
    asset, web = order.asset, services.web
    size = web.size(asset.address, links) if asset.size is None else asset.size
    if size is None:
        raise Failure(f"{asset.address} is no longer there; find the scenes again")
    remote = RemoteFile(order.target.name, size, asset.md5, (asset.address,), asset.sha256)
    transfer = web.transfer(remote, order.target.parent, links)
    if not transfer.is_whole():
        require_room(order.target.parent, size - transfer.bytes_received(), f"for {order.target.name}")
        web.receive(transfer, report)
    transfer.clear()

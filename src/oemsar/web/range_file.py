"""A file on a server that is read in parts, for libraries that take an open file."""

import io

from oemsar.errors import Failure, OemsarError
from oemsar.web.client import Web
from oemsar.web.remote_file import PLAIN, Links, without_query


class RangeFile(io.RawIOBase):
    """File on a server, open for reading at any offset; blocks that were read are kept.

    Attributes:
        size: Bytes of the file.
        bytes_read: Bytes that were fetched so far.
    """

    def __init__(self, web: Web, address: str, links: Links = PLAIN, *, block: int = 1 << 16) -> None:
        """Open a file.

        Args:
            web: Client that makes the requests.
            address: Address of the file.
            links: Links that open the address.
            block: Bytes of a block, which is fetched whole.

        Raises:
            Failure: It is not there, or the server does not answer as it should.
        """
        super().__init__()
        size = web.size(address, links)
        if size is None:
            raise Failure(f"{without_query(address)} is not there; run the search again")
        self.size = size
        self.bytes_read = 0
        self._web, self._address, self._links = web, address, links
        self._block = block
        self._blocks: dict[int, bytes] = {}
        self._offset = 0
        self._failure: OemsarError | None = None

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read at any offset."""
        return True

    def tell(self) -> int:
        """Give the offset of the next byte."""
        return self._offset

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to an offset from the start, from here or from the end."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._offset, io.SEEK_END: self.size}[whence]
        self._offset = max(0, start + offset)
        return self._offset

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read bytes into a buffer and count them: those of one block at most."""
        count = min(len(buffer), self.size - self._offset)
        if count <= 0:
            return 0
        number, within = divmod(self._offset, self._block)
        part = self._fetched(number)[within : within + count]
        buffer[: len(part)] = part
        self._offset += len(part)
        return len(part)

    def _fetched(self, number: int) -> bytes:
        if number not in self._blocks:
            first = number * self._block
            count = min(self._block, self.size - first)
            try:
                self._blocks[number] = self._web.read_range(self._address, first, count, self._links)
            except OemsarError as error:
                self._failure = error
                raise
            self.bytes_read += count
        return self._blocks[number]

    def require_no_failure(self) -> None:
        """Raise the error of a read that failed, which a library written in C may have passed over."""
        if self._failure is not None:
            raise self._failure

"""Gzip and Zstandard, told by their first bytes and read to their last check sum; nothing else is unpacked."""

import io
import sys
import zlib
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from billing.errors import RefusedInputError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Plain bytes per packed byte that no log reaches: logs compress 15 to 160 times, and one of equal lines 300 times by
#: gzip, whose own limit is 1,032. It counts from this many plain bytes on; fewer do no harm.
MOST_RATIO = 1_000
RATIO_FROM_BYTES = 64 * 2**20
#: Plain bytes of one packed file: ten times the largest month that this program was measured on.
MOST_PLAIN_BYTES = 64 * 2**30
#: Zstandard may look back over this many bytes (as a power of 2), which it keeps in memory: 128 MB, its own default.
_WINDOW_LOG = 27
#: Small, for what is left of it when a frame ends is copied, and frames may be tiny.
_CHUNK_BYTES = 2**16


class Packing(StrEnum):
    """How a file's bytes are packed."""

    PLAIN = "plain"
    GZIP = "gzip"
    ZSTD = "zstd"


#: Where in a file which bytes tell a kind of archive or compression that is not read.
_FOREIGN = (
    (0, b"\xfd7zXZ\0", "xz"), (4, b"1AY&SY", "bzip2"), (0, b"PK\3\4", "zip (or a workbook)"), (0, b"PK\5\6", "zip"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"), (0, b"Rar!\x1a\7", "rar"), (0, b"\x04\x22\x4d\x18", "lz4"),
    (0, b"\x1f\x9d", "compress"), (257, b"ustar", "tar"),
)  # fmt: skip
#: As many of a file's first bytes as it takes to tell.
HEAD_BYTES = 512


class _Frame(Protocol):
    """One gzip member or Zstandard frame while it is unpacked."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Readable(Protocol):
    """Where packed bytes come from."""

    def read(self, size: int, /) -> bytes | None: ...


def _gzip_member() -> _Frame:
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)  # which checks the CRC and the length as well


def _zstd_frame() -> _Frame:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})


_FRAMES: Mapping[Packing, Callable[[], _Frame]] = {Packing.GZIP: _gzip_member, Packing.ZSTD: _zstd_frame}
_SKIPPABLE = tuple(bytes((low,)) + b"\x2a\x4d\x18" for low in range(0x50, 0x60))
_MAGICS: Mapping[Packing, tuple[bytes, ...]] = {
    Packing.GZIP: (b"\x1f\x8b",), Packing.ZSTD: (b"\x28\xb5\x2f\xfd", *_SKIPPABLE),
}  # fmt: skip
_LONGEST_MAGIC = 4


def packing_of(head: bytes) -> Packing:
    """Tell by a file's first bytes how it is packed."""
    return next((packing for packing, magics in _MAGICS.items() if head.startswith(magics)), Packing.PLAIN)


def foreign_packing(head: bytes) -> str | None:
    """Name the kind of archive or compression that is not read here, if the first bytes tell one."""
    return next((name for at, magic, name in _FOREIGN if head[at : at + len(magic)] == magic), None)


class Unpacked(io.RawIOBase):
    """The plain bytes of gzip members or Zstandard frames, one after another.

    Reading raises RefusedInputError, which names the file, for what is cut, damaged or unpacks to far too much.
    """

    def __init__(self, packed: _Readable, packing: Packing, name: str) -> None:
        super().__init__()
        self._disk = packed
        self._packing = packing
        self._name = name
        self._frame: _Frame | None = None
        self._packed = b""
        self._taken = self._given = 0
        self._has_begun = False

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill the buffer with plain bytes; less than all of it only at the end."""
        room = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(room) and (plain := self._next(len(room) - filled)):
            room[filled : filled + len(plain)] = plain
            filled += len(plain)
        self._given += filled
        self._check_size()
        return filled

    def _next(self, most: int) -> bytes:
        """Return up to that many plain bytes; none after the last frame."""
        while self._frame or self._begin():
            plain = self._unpack(most)
            if plain:
                return plain
            if self._frame and not self._packed and not self._fetch():
                raise self._damaged()
        return b""

    def _unpack(self, most: int) -> bytes:
        frame = self._frame
        if frame is None:
            return b""
        try:
            plain = frame.decompress(self._packed, most)
        except zstd.ZstdError as error:
            raise self._too_wide() if "too much memory" in str(error) else self._damaged() from None
        except zlib.error:
            raise self._damaged() from None
        # What is left over is in another place if the frame has ended; Zstandard keeps it to itself until then.
        self._packed = frame.unused_data if frame.eof else getattr(frame, "unconsumed_tail", b"")
        self._frame = None if frame.eof else frame
        return plain

    def _begin(self) -> bool:
        """Begin the next frame, if there is one."""
        while self._skip_padding() < _LONGEST_MAGIC and self._fetch():
            pass
        if not self._packed:
            return False
        if packing_of(self._packed) is not self._packing:
            raise RefusedInputError(
                f"{self._name}: after the {self._packing} data comes something else, or it is cut; fetch it again"
            )
        self._frame = _FRAMES[self._packing]()
        self._has_begun = True
        return True

    def _skip_padding(self) -> int:
        """Skip the zeros that tapes and some uploads put after gzip data; return how many bytes are there."""
        if self._has_begun and self._packing is Packing.GZIP:
            self._packed = self._packed.lstrip(b"\0")
        return len(self._packed)

    def _fetch(self) -> bool:
        more = self._disk.read(_CHUNK_BYTES) or b""
        self._taken += len(more)
        self._packed += more
        return bool(more)

    def _check_size(self) -> None:
        if self._given > RATIO_FROM_BYTES and self._given > self._taken * MOST_RATIO:
            raise RefusedInputError(
                f"{self._name}: unpacks to more than {MOST_RATIO:,} times its size, as no log does; if it is sound, "
                "unpack it first"
            )
        if self._given > MOST_PLAIN_BYTES:
            raise RefusedInputError(
                f"{self._name}: unpacks to more than {MOST_PLAIN_BYTES >> 30} GB; split it, or unpack it first"
            )

    def _damaged(self) -> RefusedInputError:
        return RefusedInputError(f"{self._name}: the {self._packing} data is cut or damaged; fetch it again")

    def _too_wide(self) -> RefusedInputError:
        return RefusedInputError(
            f"{self._name}: was packed with a window of more than {2**_WINDOW_LOG >> 20} MB; unpack it first, or pack "
            "it again without --long"
        )

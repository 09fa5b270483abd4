"""Hostile packings: cut, damaged, twice, foreign, and such as unpack to far too much."""

import bz2
import gzip
import hashlib
import io
import lzma
import sys
import tarfile
import zipfile
import zlib

from tests.hostile_case import Refused, Taken, a_file, asking, line, lines

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_PLAIN = lines(line("a"), line("b"))
_MORE = lines(line("c"))
_CHECKED: dict[int, int] = {zstd.CompressionParameter.checksum_flag: 1}


def _gz(plain: bytes) -> bytes:
    return gzip.compress(plain, mtime=0)


def _zst(plain: bytes) -> bytes:
    return zstd.compress(plain, options=_CHECKED)


def _cut(kind: str) -> Refused:
    return Refused(f"the {kind} data is cut or damaged", "fetch it again")


def _foreign(kind: str) -> Refused:
    return Refused(kind, "unpack it first")


def _turned(raw: bytes, at: int) -> bytes:
    """Return the bytes with one bit of one of them turned."""
    changed = bytearray(raw)
    changed[at] ^= 1
    return bytes(changed)


def _bomb() -> bytes:
    return line().encode() + b" " * 200 * 2**20


def _equal_lines() -> bytes:
    """Return 80 MB of one and the same line, which packs as well as any log does."""
    text = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(75))
    return (asking(text).encode() + b"\n") * 15_000


def _wide() -> bytes:
    """Return Zstandard data that wants 1 GB of memory to be unpacked."""
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 30})
    return packer.compress(_PLAIN) + packer.flush()


def _zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("log.jsonl"), _PLAIN)
    return file.getvalue()


def _tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("log.jsonl")
        member.size = len(_PLAIN)
        archive.addfile(member, io.BytesIO(_PLAIN))
    return file.getvalue()


def _deflated(plain: bytes) -> bytes:
    return zlib.compress(plain)


_GZ, _ZST = _gz(_PLAIN), _zst(_PLAIN)
_UNKNOWN = Refused("no log shape knows this content", "give a usage log")
_TRAILING = Refused("data comes something else", "fetch it again")
_BOMB = Refused("unpacks to more than 1,000 times its size", "unpack it first")

GZIP = (
    a_file("gzip under another name", _GZ, Taken(2)),
    a_file("plain text named gz", _PLAIN, Taken(2), file_name="hostile.jsonl.gz"),
    a_file("gzip of two members", _GZ + _gz(_MORE), Taken(3)),
    a_file("gzip cut in a line between two members", _gz(_PLAIN[:100]) + _gz(_PLAIN[100:]), Taken(2)),
    a_file("gzip of empty members", _gz(b"") * 1000 + _GZ + _gz(b"") * 1000, Taken(2)),
    a_file("gzip of nothing", _gz(b""), Taken()),
    a_file("gzip with zeros after it", _GZ + b"\0" * 100_000, Taken(2)),
    a_file("gzip with zeros between members", _GZ + b"\0" * 1000 + _gz(_MORE), Taken(3)),
    a_file("gzip with a wrong CRC", _turned(_GZ, -8), _cut("gzip")),
    a_file("gzip with a wrong length", _turned(_GZ, -4), _cut("gzip")),
    a_file("gzip with a wrong CRC in its second member", _GZ + _turned(_gz(_MORE), -8), _cut("gzip")),
    a_file("gzip with a bit turned", _turned(_GZ, len(_GZ) // 2), _cut("gzip")),
    a_file("gzip of another method", _turned(_GZ, 2), _cut("gzip")),
    a_file("gzip with text after it", _GZ + _MORE, _TRAILING),
    a_file("gzip with noise after it", _GZ + b"\xde\xad\xbe\xef", _TRAILING),
    a_file("gzip in gzip", _gz(_GZ), Refused("packed twice", "unpack it first")),
    a_file("Zstandard in gzip", _gz(_ZST), Refused("packed twice", "unpack it first")),
    a_file("zip in gzip", _gz(_zipped()), _foreign("zip")),
    a_file("tar in gzip", _gz(_tarred()), _foreign("tar")),
    a_file(
        "UTF-16 in gzip",
        _gz("\ufeff".encode("utf-16-le") + _PLAIN.decode().encode("utf-16-le")),
        Refused("UTF-16", "convert it to UTF-8"),
    ),
    a_file("gzip bomb", lambda: _gz(_bomb()), _BOMB, is_heavy=True),
    a_file(
        "gzip of a log that packs well",
        lambda: _gz(_equal_lines()),
        Taken(1, duplicate=14_999),
        is_heavy=True,
    ),
    *(
        a_file(f"gzip cut after {kept} of {len(_GZ)} bytes", _GZ[:kept], _cut("gzip"))
        for kept in (2, 9, 10, 11, len(_GZ) // 2, len(_GZ) - 9, len(_GZ) - 8, len(_GZ) - 1)
    ),
    a_file("gzip cut in its second member", _GZ + _gz(_MORE)[:30], _cut("gzip")),
    a_file("gzip cut after the first byte of its second member", _GZ + b"\x1f", _TRAILING),
    a_file("one byte of gzip", _GZ[:1], _UNKNOWN),
)

_SKIPPED = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
_BLOCKS = zstd.compress(lines(*(line(f"msg_{n}") for n in range(2000))), options=_CHECKED)

ZSTD = (
    a_file("Zstandard under another name", _ZST, Taken(2)),
    a_file("plain text named zst", _PLAIN, Taken(2), file_name="hostile.jsonl.zst"),
    a_file("Zstandard of two frames", _ZST + _zst(_MORE), Taken(3)),
    a_file("Zstandard with frames to skip", _SKIPPED + _ZST + _SKIPPED, Taken(2)),
    a_file("Zstandard of nothing", _zst(b""), Taken()),
    a_file("Zstandard without a check sum", zstd.compress(_PLAIN), Taken(2)),
    a_file("Zstandard with a wrong check sum", _turned(_ZST, -1), _cut("zstd")),
    a_file("Zstandard with a bit turned", _turned(_ZST, len(_ZST) // 2), _cut("zstd")),
    a_file("Zstandard with text after it", _ZST + _MORE, _TRAILING),
    a_file("Zstandard with zeros after it", _ZST + b"\0" * 64, _TRAILING),
    a_file("gzip after Zstandard", _ZST + _GZ, _TRAILING),
    a_file("gzip in Zstandard", _zst(_GZ), Refused("packed twice", "unpack it first")),
    a_file("Zstandard bomb", lambda: _zst(_bomb()), _BOMB, is_heavy=True),
    a_file("Zstandard that wants 1 GB of memory", _wide(), Refused("window of more than 128 MB", "without --long")),
    *(
        a_file(f"Zstandard cut after {kept} of {len(_ZST)} bytes", _ZST[:kept], _cut("zstd"))
        for kept in (4, 5, 8, len(_ZST) // 2, len(_ZST) - 5, len(_ZST) - 4, len(_ZST) - 1)
    ),
    a_file("Zstandard of many blocks, cut in the last", _BLOCKS[:-100], _cut("zstd")),
    a_file("Zstandard cut in its second frame", _ZST + _zst(_MORE)[:20], _cut("zstd")),
)

FOREIGN = (
    a_file("xz", lzma.compress(_PLAIN), _foreign("xz")),
    a_file("bzip2", bz2.compress(_PLAIN), _foreign("bzip2")),
    a_file("zip", _zipped(), _foreign("zip")),
    a_file("tar", _tarred(), _foreign("tar")),
    a_file("7z", b"7z\xbc\xaf\x27\x1c\0\4" + b"\1" * 24, _foreign("7z")),
    a_file("lz4", b"\x04\x22\x4d\x18\x64\x40\xa7" + b"\1" * 24, _foreign("lz4")),
    a_file("xz named gz", lzma.compress(_PLAIN), _foreign("xz"), file_name="hostile.jsonl.gz"),
    a_file("zlib without gzip", _deflated(_PLAIN), _UNKNOWN),
)

PACKED = (*GZIP, *ZSTD, *FOREIGN)

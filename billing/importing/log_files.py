"""Log files on disk: which there are, and the plain bytes of one, which are what its digest says and nothing else."""

import errno
import hashlib
import io
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from billing.errors import RefusedInputError
from billing.importing.formats import SUFFIXES, is_log_name
from billing.importing.unpacking import HEAD_BYTES, Packing, Unpacked, foreign_packing, packing_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK_BYTES = 2**20
#: A pipe put in a file's place must not make us wait; nor must a terminal become ours.
_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_KINDS = {
    stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}  # fmt: skip
_REMEDIES = {
    errno.ENOENT: "no such file, or a link to none; check the name",
    errno.ENOTDIR: "a part of this path is no folder; check the name",
    errno.EACCES: "no permission to read it; ask its owner, or leave it out",
    errno.EPERM: "no permission to read it; ask its owner, or leave it out",
    errno.ENAMETOOLONG: "the path is longer than this system takes; move the file to a shorter one",
    errno.ELOOP: "its links lead in a circle; name the file itself",
}
#: What ASCII text that is not UTF-8 begins with: a byte order mark, or zeros among the first four bytes.
_OTHER_TEXT = (
    (re.compile(rb"\xff\xfe\0\0|\0\0\xfe\xff|\0\0\0[^\0]|[^\0]\0\0\0", re.DOTALL), "UTF-32"),
    (re.compile(rb"\xff\xfe|\xfe\xff|\0[^\0]\0[^\0]|[^\0]\0[^\0]\0", re.DOTALL), "UTF-16"),
)


@dataclass(frozen=True, slots=True)
class LogFile:
    """What was read of a file: its first `bytes`, as they lay on disk (packed, if they were), and their SHA-256."""

    path: Path
    bytes: int
    digest: str
    mtime_ns: int
    """When it was last written, as it was opened: nanoseconds since 1970."""
    packing: Packing


class OpenLogFile:
    """A regular file, open: `plain` gives its bytes unpacked.

    `bytes` is its size on disk when it was opened; of a file that grows, nothing beyond is read. Reading raises
    RefusedInputError, which names the file, for what can't be read to its end.
    """

    def __init__(self, path: Path, file: io.FileIO) -> None:
        self.path = path
        self._file = file
        self._opened = os.fstat(file.fileno())
        self.bytes = self._opened.st_size
        self.mtime_ns = self._opened.st_mtime_ns
        head = file.read(min(HEAD_BYTES, self.bytes))
        file.seek(0)
        self.packing = packing_of(head)
        self._disk = _Measured(file, self.bytes, shown(path))
        is_packed = self.packing is not Packing.PLAIN
        raw = Unpacked(self._disk, self.packing, shown(path)) if is_packed else self._disk
        self.plain = io.BufferedReader(raw, _CHUNK_BYTES)
        _check_head(self.plain.peek(HEAD_BYTES) if is_packed else head, shown(path), is_packed=is_packed)

    @property
    def bytes_read(self) -> int:
        """How many bytes were taken from the disk."""
        return self._disk.count

    def pass_over(self, count: int) -> str:
        """Pass over the first bytes of a plain file of which nothing is read yet; return their SHA-256."""
        while self._disk.count < count and self._disk.read(min(_CHUNK_BYTES, count - self._disk.count)):
            pass
        return self._disk.digest.hexdigest()

    def read_on(self, count: int) -> bytes:
        """Read the next bytes of a plain file of which nothing was read but what was passed over."""
        parts: list[bytes] = []
        while count and (part := self._disk.read(count)):
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def finish(self) -> LogFile:
        """Read what is left and return what was read.

        Raise RefusedInputError if the file was changed meanwhile in another way than by growing.
        """
        while self.plain.read(_CHUNK_BYTES):
            pass
        now = self._now()
        if now is None or now.st_size < self.bytes or (now.st_size == self.bytes and now.st_mtime_ns != self.mtime_ns):
            raise RefusedInputError(
                f"{shown(self.path)}: was changed or replaced while it was read; import it again when it is at rest"
            )
        return LogFile(self.path, self.bytes, self._disk.digest.hexdigest(), self.mtime_ns, self.packing)

    def again(self) -> BinaryIO:
        """Return the bytes on disk once more, from their beginning, to be digested once more."""
        self._file.seek(0)
        self._disk = _Measured(self._file, self.bytes, shown(self.path))
        return io.BufferedReader(self._disk, _CHUNK_BYTES)

    def digest_of(self, count: int) -> str:
        """Return the SHA-256 of the first bytes, as they lie on disk; reading goes on from where it was."""
        digest, at = hashlib.sha256(), 0
        while part := os.pread(self.descriptor, min(_CHUNK_BYTES, count - at), at):
            digest.update(part)
            at += len(part)
        return digest.hexdigest()

    @property
    def digest(self) -> str:
        """The SHA-256 of what was read, since `again` if that was called."""
        return self._disk.digest.hexdigest()

    @property
    def descriptor(self) -> int:
        """The number by which this process holds the file open."""
        return self._file.fileno()

    def is_at_rest(self) -> bool:
        """Tell whether the path still leads to this file, and the file is as it was when it was opened."""
        now = self._now()
        return now is not None and (now.st_size, now.st_mtime_ns) == (self.bytes, self.mtime_ns)

    def _now(self) -> os.stat_result | None:
        """Return what the path leads to now, or None if that is another file."""
        try:
            now = os.stat(self.path)  # noqa: PTH116 - one call for what we compare
        except OSError:
            return None
        return now if os.path.samestat(now, self._opened) else None


class _Measured(io.RawIOBase):
    """The first bytes of a file, counted and digested as they are read."""

    def __init__(self, file: io.FileIO, size: int, name: str) -> None:
        super().__init__()
        self._file = file
        self._size = size
        self._name = name
        self.count = 0
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        room = memoryview(buffer).cast("B")[: self._size - self.count]
        try:
            got = self._file.readinto(room) or 0
        except OSError as error:
            raise _refusal(self._name, error) from None
        if room and not got:
            raise RefusedInputError(f"{self._name}: was cut while it was read; import it again when it is at rest")
        self.digest.update(room[:got])
        self.count += got
        return got


def log_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files named, and of each folder the logs anywhere inside it, in a fixed order.

    What can't be read, such as a folder without a log or a link to nothing, stands for itself, so that it is refused
    and not passed over. So does a link to a folder elsewhere; one to a folder that is read anyhow is passed over.
    """
    for path in paths:
        yield from sorted(_logs_in(path)) or [path]


@contextmanager
def open_log_file(path: Path) -> Iterator[OpenLogFile]:
    """Open a file for reading; raise RefusedInputError, naming it, for what is no regular file of plain text or packed.

    Never waits: neither for the other end of a pipe nor for a device.
    """
    name = shown(path)
    try:
        _check_kind(path, os.stat(path))  # noqa: PTH116 - before it is touched: opening some devices does something
        file = io.FileIO(path, "r", opener=lambda name, flags: os.open(name, flags | _NO_WAITING))
    except (OSError, ValueError) as error:  # ValueError for a path that no system takes
        raise _refusal(name, error) from None
    with file:
        _check_kind(path, os.fstat(file.fileno()))  # again, for it may be another by now
        yield OpenLogFile(path, file)


def shown(path: Path) -> str:
    r"""Return a path as it can be shown: whatever would break a line or a terminal is written as an escape.

    >>> shown(Path("two\nlines.jsonl"))
    'two\\nlines.jsonl'
    """
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    return name if name.isprintable() else "".join(char if char.isprintable() else _escaped(char) for char in name)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _logs_in(path: Path) -> list[Path]:
    """Return the logs anywhere in a folder, and what can't be read; of what is no folder, itself."""
    found: list[Path] = []
    waiting = [path]  # a stack, for folders may nest deeper than calls
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                inside = [(folder / entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        except (OSError, ValueError):  # ValueError for a path that no system takes
            found.append(folder)
            continue
        for entry, is_folder in inside:
            if is_folder:
                waiting.append(entry)
            elif _leads_out(entry, path) if os.path.isdir(entry) else is_log_name(entry):  # noqa: PTH112 - never raises
                found.append(entry)
    return found


def _leads_out(link: Path, root: Path) -> bool:
    """Tell whether a link leads to a folder outside of the root, which is not read by way of the root."""
    return not link.resolve().is_relative_to(root.resolve())


def _check_kind(path: Path, found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode):
        return
    name = shown(path)
    if not stat.S_ISDIR(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise RefusedInputError(f"{name}: not a regular file but {kind}; give a log file or a folder of logs")
    if path.is_symlink():
        raise RefusedInputError(f"{name}: a link to a folder, in which no log was read; name the folder itself")
    raise RefusedInputError(
        f"{name}: no log in this folder, or it can't be read; a log's name ends in {', '.join(SUFFIXES)}"
    )


def _check_head(head: bytes, name: str, *, is_packed: bool) -> None:
    """Refuse by its first plain bytes what can't be a log in UTF-8."""
    foreign = foreign_packing(head)
    if foreign or (is_packed and packing_of(head) is not Packing.PLAIN):
        raise RefusedInputError(f"{name}: {foreign or 'packed twice'}, which is not read here; unpack it first")
    encoding = next((encoding for begin, encoding in _OTHER_TEXT if begin.match(head)), None)
    if encoding:
        raise RefusedInputError(f"{name}: the text is {encoding}; convert it to UTF-8")
    if b"\0" in head[:4]:
        raise RefusedInputError(f"{name}: begins with zero bytes, so it is no text or damaged; fetch it again")


def _refusal(name: str, error: OSError | ValueError) -> RefusedInputError:
    if not isinstance(error, OSError):
        return RefusedInputError(f"{name}: no system has such a path; check the name")
    known = _REMEDIES.get(error.errno or 0)
    return RefusedInputError(f"{name}: {known or f'can not be read ({error.strerror}); see that the disk is sound'}")

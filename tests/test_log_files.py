"""Files that change under us, that are not what they were a moment ago, or that nobody may read."""

import errno
import hashlib
import io
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from billing.errors import RefusedInputError
from billing.importing.log_files import log_files, open_log_file, shown
from billing.importing.unpacking import Packing

LINES = b'{"a": 1}\n' * 1000


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    path.write_bytes(LINES)
    return path


def appended(path: Path) -> None:
    with path.open("ab") as file:
        file.write(LINES)


def overwritten(path: Path) -> None:
    path.write_bytes(LINES[::-1])
    os.utime(path, ns=(0, 0))


def cut(path: Path) -> None:
    os.truncate(path, 100)


def replaced(path: Path) -> None:
    path.with_suffix(".new").write_bytes(LINES)
    path.with_suffix(".new").replace(path)


def removed(path: Path) -> None:
    path.unlink()


def test_what_was_read_is_what_the_digest_covers(log: Path) -> None:
    with open_log_file(log) as file:
        assert file.plain.read() == LINES
        read = file.finish()
    assert (read.path, read.bytes, read.packing) == (log, len(LINES), Packing.PLAIN)
    assert (read.digest, read.mtime_ns) == (hashlib.sha256(LINES).hexdigest(), log.stat().st_mtime_ns)


def test_finish_reads_what_nobody_read(log: Path) -> None:
    with open_log_file(log) as file:
        file.plain.readline()
        assert file.finish().digest == hashlib.sha256(LINES).hexdigest()
        assert file.bytes_read == len(LINES)


def test_of_a_file_that_grows_what_was_there_is_read(log: Path) -> None:
    with open_log_file(log) as file:
        appended(log)
        assert file.plain.read() == LINES
        assert not file.is_at_rest()
        assert (file.finish().bytes, file.finish().digest) == (len(LINES), hashlib.sha256(LINES).hexdigest())


@pytest.mark.parametrize("change", [overwritten, cut, replaced, removed])
def test_a_file_that_changes_after_it_was_read_is_refused(log: Path, change: Callable[[Path], None]) -> None:
    with open_log_file(log) as file:
        file.plain.read()
        assert file.is_at_rest()
        change(log)
        assert not file.is_at_rest()
        with pytest.raises(RefusedInputError, match=r"log\.jsonl: was changed .*import it again"):
            file.finish()


def test_a_file_that_is_cut_while_it_is_read_is_refused(log: Path) -> None:
    with open_log_file(log) as file:
        cut(log)
        with pytest.raises(RefusedInputError, match=r"log\.jsonl: was cut while it was read; import it again"):
            file.plain.read()


def test_a_log_is_read_on_from_where_it_ended(log: Path) -> None:
    appended(log)
    with open_log_file(log) as file:
        assert file.pass_over(len(LINES)) == hashlib.sha256(LINES).hexdigest()
        assert file.plain.read() == LINES
        assert file.finish().digest == hashlib.sha256(LINES * 2).hexdigest()
    with open_log_file(log) as file:
        assert file.pass_over(len(LINES) * 3) == hashlib.sha256(LINES * 2).hexdigest()
        assert file.plain.read() == b""


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_another_thing_put_in_its_place_is_not_waited_for(
    log: Path, make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = log.stat()
    log.unlink()
    make(log)
    monkeypatch.setattr(os, "stat", lambda _: before)
    with pytest.raises(RefusedInputError, match=r"log\.jsonl: "), open_log_file(log):
        pass


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.EACCES, "no permission to read it; ask its owner"),
        (errno.ENOENT, "no such file, or a link to none; check the name"),
        (errno.EIO, r"can not be read \(Input/output error\); see that the disk is sound"),
    ],
)
def test_a_file_that_can_not_be_opened(log: Path, number: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(RefusedInputError, match=rf"log\.jsonl: {told}"), open_log_file(log):
        pass


def test_a_disk_that_fails_on_the_way(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(io.FileIO):
        def readinto(self, _: object) -> int:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(io, "FileIO", Failing)
    with open_log_file(log) as file, pytest.raises(RefusedInputError, match="see that the disk is sound"):
        file.plain.read()


def test_a_file_that_vanishes_after_it_was_listed(tmp_path: Path, log: Path) -> None:
    (listed,) = log_files([tmp_path])
    log.unlink()
    with pytest.raises(RefusedInputError, match="no such file"), open_log_file(listed):
        pass


def test_a_path_that_no_system_takes() -> None:
    assert list(log_files([Path("a\0b")])) == [Path("a\0b")]
    with pytest.raises(RefusedInputError, match=r"a\\x00b: no system has such a path"), open_log_file(Path("a\0b")):
        pass


def test_a_socket_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        with pytest.raises(RefusedInputError, match="not a regular file but a socket"), open_log_file(Path("s")):
            pass


def test_folders_may_nest_deeper_than_calls(tmp_path: Path) -> None:
    folders = [tmp_path / "d"]
    folders.extend(tmp_path / ("d/" * depth) for depth in range(2, 1500))
    for folder in folders:
        folder.mkdir()
    log = folders[-1] / "log.jsonl"
    log.write_bytes(LINES)
    try:
        assert list(log_files([tmp_path])) == [log]
    finally:  # what tidies up after tests can't go as deep
        log.unlink()
        for folder in reversed(folders):
            folder.rmdir()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("plain name.jsonl", "plain name.jsonl"),
        ("Zo\u00eb \U0001f9fe", "Zo\u00eb \U0001f9fe"),
        ("a\nb\r\t\x1b[0m", r"a\nb\r\t\x1b[0m"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("\udcff", r"\xff"),
    ],
)
def test_a_name_as_it_is_shown(name: str, told: str) -> None:
    assert shown(Path(name)) == told

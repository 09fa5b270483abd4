"""Hostile places: what is no file, links, names, and folders that hold themselves."""

import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.hostile_case import Hostile, Outcome, Refused, Taken, a_file, line, lines

_LOG = lines(line("a"), line("b"))
_NO_LOG = Refused("no log in this folder", "a log's name ends in")
_NO_FILE = Refused("no such file", "check the name")


def _place(
    name: str, make: Callable[[Path], Sequence[Path]], *outcomes: Outcome, needs_permissions: bool = False
) -> Hostile:
    return Hostile(name, make, outcomes, needs_permissions=needs_permissions)


def _named(name: str | bytes) -> Hostile:
    shown = name if isinstance(name, str) else name.decode("utf-8", "backslashreplace")
    return a_file(f"file named {shown!a}"[:100], _LOG, Taken(2), file_name=name)


def _log(folder: Path, name: str = "log.jsonl", content: bytes = _LOG) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _pipe(folder: Path) -> list[Path]:
    os.mkfifo(folder / "pipe.jsonl")
    return [folder / "pipe.jsonl"]


def _pipe_in_folder(folder: Path) -> list[Path]:
    _pipe(folder)
    _log(folder)
    return [folder]


def _socket(folder: Path) -> list[Path]:
    # Named from within its folder, for a socket's path has to be short; it stays when the socket is closed.
    before = Path.cwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("s.jsonl")
    finally:
        os.chdir(before)
    return [folder / "s.jsonl"]


def _device(_: Path) -> list[Path]:
    return [Path("/dev/zero")]


def _link(folder: Path) -> list[Path]:
    _log(folder / "elsewhere", "log.bin")
    (folder / "link.jsonl").symlink_to("elsewhere/log.bin")
    return [folder / "link.jsonl"]


def _link_to_nothing(folder: Path) -> list[Path]:
    (folder / "link.jsonl").symlink_to("gone.jsonl")
    return [folder / "link.jsonl"]


def _links_in_folder(folder: Path) -> list[Path]:
    logs, other = folder / "logs", folder / "other"
    _log(logs, "a.jsonl")
    _log(other, "b.txt", lines(line("c")))
    (logs / "b.jsonl").symlink_to(other / "b.txt")
    (logs / "c.jsonl").symlink_to("gone.jsonl")
    (logs / "d.jsonl").symlink_to("d.jsonl")
    (logs / "e").symlink_to(other, target_is_directory=True)
    return [logs]


def _circle(folder: Path) -> list[Path]:
    (folder / "a.jsonl").symlink_to("b.jsonl")
    (folder / "b.jsonl").symlink_to("a.jsonl")
    return [folder / "a.jsonl"]


def _folder_in_itself(folder: Path) -> list[Path]:
    _log(folder / "in")
    (folder / "in" / "itself").symlink_to(folder, target_is_directory=True)
    (folder / "again").symlink_to("in", target_is_directory=True)
    return [folder]


def _link_to_folder(folder: Path) -> list[Path]:
    _log(folder / "logs")
    (folder / "link").symlink_to("logs", target_is_directory=True)
    return [folder / "link"]


def _empty_folder(folder: Path) -> list[Path]:
    return [folder]


def _folder_of_others(folder: Path) -> list[Path]:
    _log(folder, ".hidden.jsonl")
    _log(folder, "notes.md")
    return [folder]


def _folder_named_as_a_log(folder: Path) -> list[Path]:
    _log(folder / "2026.jsonl", "log.jsonl")
    return [folder]


def _missing(folder: Path) -> list[Path]:
    return [folder / "nothing.jsonl"]


def _below_a_file(folder: Path) -> list[Path]:
    return [_log(folder) / "more.jsonl"]


def _too_long(folder: Path) -> list[Path]:
    return [folder / ("x" * 300 + ".jsonl"), folder / ("y/" * 3000)]


def _unreadable(folder: Path) -> list[Path]:
    _log(folder).chmod(0)
    return [folder / "log.jsonl"]


def _closed_folder(folder: Path) -> list[Path]:
    _log(folder / "closed")
    _log(folder)
    (folder / "closed").chmod(0)
    return [folder]


def _pattern(name: str, *others: str) -> Hostile:
    """Return a case of a file whose name is a pattern that others fit: only the one named is read."""

    def make(folder: Path) -> list[Path]:
        for number, other in enumerate(others):
            _log(folder, other, lines(line(f"other_{number}")))
        return [_log(folder, name)]

    return _place(f"pattern {name}", make, Taken(2))


def _hive(folder: Path) -> list[Path]:
    _log(folder, "provider=evil/charged=0/month=01/log.jsonl", lines(line("a")))
    return [folder]


def _twice(folder: Path) -> list[Path]:
    return [_log(folder), folder / "log.jsonl"]


def _by_two_names(folder: Path) -> list[Path]:
    _log(folder)
    (folder / "link.jsonl").symlink_to("log.jsonl")
    return [folder, folder / "log.jsonl"]


_AGAIN = Taken(duplicate=2)

KINDS = (
    _place("pipe", _pipe, Refused("not a regular file but a pipe", "give a log file")),
    _place("pipe in a folder", _pipe_in_folder, Taken(2), Refused("not a regular file but a pipe", "give a log file")),
    _place("socket", _socket, Refused("not a regular file but a socket", "give a log file")),
    _place("device without end", _device, Refused("not a regular file but a device", "give a log file")),
    _place("empty folder", _empty_folder, _NO_LOG),
    _place("folder without logs", _folder_of_others, _NO_LOG),
    _place("folder named as a log", _folder_named_as_a_log, Taken(2)),
    _place("no such file", _missing, _NO_FILE),
    _place("path through a file", _below_a_file, Refused("a part of this path is no folder", "check the name")),
    _place("paths too long", _too_long, *[Refused("longer than this system takes", "move the file")] * 2),
    _place("unreadable file", _unreadable, Refused("no permission", "ask its owner"), needs_permissions=True),
    _place(
        "unreadable folder", _closed_folder, Refused("no permission", "ask its owner"), Taken(2), needs_permissions=True
    ),
)

LINKS = (
    _place("link to a file", _link, Taken(2)),
    _place("link to nothing", _link_to_nothing, _NO_FILE),
    _place("links in a circle", _circle, Refused("links lead in a circle", "name the file itself")),
    _place("link to a folder", _link_to_folder, Taken(2)),
    _place(
        "links in a folder",
        _links_in_folder,
        Taken(2),
        Taken(1),
        _NO_FILE,
        Refused("links lead in a circle", "name the file itself"),
        Refused("a link to a folder", "name the folder itself"),
    ),
    _place("folder that holds itself by a link", _folder_in_itself, Taken(2)),
    _place("one file twice", _twice, Taken(2), _AGAIN),
    _place("one file by two names", _by_two_names, Taken(2), _AGAIN, _AGAIN),
)

NAMES = (
    _pattern("log[1].ndjson", "log1.ndjson"),
    _pattern("*.ndjson", "a.ndjson", "b.ndjson"),
    _pattern("?.ndjson", "a.ndjson"),
    _pattern("**.ndjson", "a.ndjson"),
    _pattern("{a,b}.ndjson", "a.ndjson", "b.ndjson"),
    _place("folders that name columns", _hive, Taken(1, rows={"a": {"provider": "aivideoapi", "charged": "1.66"}})),
    _named("100%s %(x)s %n.jsonl"),
    _named("'; DROP TABLE files; --.jsonl"),
    _named('quote".jsonl'),
    _named("with space .jsonl"),
    _named(" \u00e9\U0001f9fe.jsonl"),
    _named("$path.jsonl"),
    _named("back\\slash.jsonl"),
    _named("[bold red]markup[/].jsonl"),
    _named("<script>.jsonl"),
    _named("two\nlines.jsonl"),
    _named("\x1b[31mred\a.jsonl"),
    _named("right\u202eto left.jsonl"),
    _named(b"latin-\xe9.jsonl"),
    _named("-rf.jsonl"),
    _named("~.jsonl"),
    _named("s3:.jsonl"),
    _named("x" * 240 + ".jsonl"),
    a_file(
        "refused file with a name of two lines",
        "x",
        Refused("no log shape", "give a usage log"),
        file_name="a\nb\x1b[0m.txt",
    ),
    a_file(
        "refused file with a name that is no UTF-8",
        "x",
        Refused("no log shape", "give a usage log"),
        file_name=b"\xff.txt",
    ),
)

PLACES = (*KINDS, *LINKS, *NAMES)

"""How fast it is, as tables in Markdown: each step as CPU time against the engine's bare scan of the same data.

`make bench` prints them; progress goes to the standard error. Every step runs in a process of its own, so that its peak
memory is its own, and where it is cheap several times, of which the least counts. Ratios hold from machine to machine,
absolute times do not. The exit code says nothing about speed.
"""

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final

import duckdb

from tests.bench import calculators, diagnosis, inference, pages, rating, replay, trees
from tests.bench.imports import Bench

#: Disk that a line of each kind takes with all that is made of it: logs, ledgers, spilled data.
_BYTES_PER_LINE, _BYTES_PER_MANY, _BYTES_PER_SESSION_LINE = 2_500, 1_000, 2_500

say = partial(print, file=sys.stderr, flush=True)


def machine() -> Iterator[str]:
    """Yield what this machine is, and how busy with other things."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    yield (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GB of memory, {platform.system()}; Python "
        f"{platform.python_version()}, DuckDB {duckdb.__version__}; load at the start {os.getloadavg()[0]:.1f}."
    )
    yield ""


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf-8").splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"what to measure: {', '.join(_REPORTS)} (default: all)")
    parser.add_argument("--lines", type=int, default=1_000_000, help="of a log, and requests to rate (%(default)s)")
    parser.add_argument("--many", type=int, default=10_000_000, help="the same, of a large one (%(default)s)")
    parser.add_argument("--sessions", type=int, default=200, help="files of the tree (%(default)s)")
    parser.add_argument("--session-lines", type=int, default=780_000, help="lines in it (%(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="of which the least counts (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where to write, some 10 GB (default: the system's own)")
    return parser.parse_args()


def _has_room(folder: Path, size: int, what: str) -> bool:
    """Tell whether there is room for so many bytes; say what is left out if not."""
    free = shutil.disk_usage(folder).free
    if free < size:
        print(f"{what}: left out; it takes {size / 1e9:.0f} GB of disk and {free / 1e9:.0f} GB are free\n")
    return free >= size


def _imports(given: argparse.Namespace, folder: Path) -> Iterator[str]:
    few = given.lines * _BYTES_PER_LINE
    if not _has_room(folder, few, "Imports"):
        return
    times = given.many // given.lines
    if not _has_room(folder, few + given.many * _BYTES_PER_MANY, f"Imports of {given.many:,} lines"):
        times = 0
    yield from Bench(folder, given.lines, times, given.runs, say).report()


def _trees(given: argparse.Namespace, folder: Path) -> Iterator[str]:
    if _has_room(folder, given.session_lines * _BYTES_PER_SESSION_LINE, "Sessions"):
        yield from trees.report(folder, given.sessions, given.session_lines, given.runs, say)


def _rating(given: argparse.Namespace, folder: Path) -> Iterator[str]:
    for requests in (given.lines, given.many):
        say(f"rating {requests:,} requests")
        yield from rating.report(folder, requests)


def _replay(given: argparse.Namespace, folder: Path) -> Iterator[str]:
    say(f"replaying {given.lines:,} requests")
    yield from replay.report(folder, given.lines)


def _pages(given: argparse.Namespace, folder: Path) -> Iterator[str]:
    say(f"writing the pages of {given.lines:,} requests")
    yield from pages.report(folder, given.lines)


def _diagnosis(given: argparse.Namespace, folder: Path) -> Iterator[str]:
    say(f"finding the causes of {given.lines:,} mismatches")
    yield from diagnosis.report(folder, given.lines)


def _inference(given: argparse.Namespace, folder: Path) -> Iterator[str]:
    say(f"inferring rates from {given.lines:,} charges")
    yield from inference.report(folder, given.lines)


def _calculators(_given: argparse.Namespace, _folder: Path) -> Iterator[str]:
    yield from calculators.report()


_REPORTS: Final[Mapping[str, Callable[[argparse.Namespace, Path], Iterator[str]]]] = MappingProxyType({
    "imports": _imports, "trees": _trees, "rating": _rating, "replay": _replay, "pages": _pages,
    "diagnosis": _diagnosis, "inference": _inference, "calculators": _calculators,
})  # fmt: skip


def main() -> None:
    """Print the tables."""
    given = _arguments()
    for line in machine():
        print(line)
    for part in given.parts or _REPORTS:
        with TemporaryDirectory(dir=given.folder) as name:
            for line in _REPORTS[part](given, Path(name)):
                print(line, flush=True)


if __name__ == "__main__":
    main()

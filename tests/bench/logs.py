"""Logs of any size by the generator of the sample: clean ones, damaged ones, and many times the same month.

A clean log holds the vendor's answers as the client wrote them down, each once: what `data.simulate` plants in its own
files beside them is left out.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from data.month import SEED, VENDOR_LOG, WORKS, simulate
from data.wire import log_line

_SHARE: Final = sum(work.share for work in WORKS if work.file == VENDOR_LOG)
#: Of so many lines one is bad, and one is told twice.
_BAD_IN, _TWICE_IN = 100, 20
#: So far back lies what is told twice: one time it is the line before, the next it is among so many.
_BACK = 20_000
_YEAR: Final = b'{"timestamp":"2026-'


@dataclass(frozen=True, slots=True)
class Damage:
    """A way to harm a line that is right, and whether it can still be read, if not by the engine."""

    name: str
    harm: Callable[[bytes], bytes]
    is_rejected: bool


def _swap(pattern: bytes, put: bytes) -> Callable[[bytes], bytes]:
    compiled = re.compile(pattern)
    return lambda line: compiled.sub(put, line, count=1)


#: Beside what the sample has: bad numbers of all kinds, keys told twice at each depth, unknown usage, bytes of no text.
DAMAGES: Final = (
    Damage("cut", lambda line: line[:260], is_rejected=True),
    Damage("fraction of a token", _swap(rb'("input_tokens":\d+)', rb"\1.5"), is_rejected=True),
    Damage("negative", _swap(rb'("output_tokens":)(\d+)', rb"\1-\2"), is_rejected=True),
    Damage("number as text", _swap(rb'("output_tokens":)(\d+)', rb'\1"\2"'), is_rejected=True),
    Damage("not a number", _swap(rb'("input_tokens":)\d+', rb"\1NaN"), is_rejected=True),
    Damage("status twice", _swap(rb'("status":200),', rb"\1,\1,"), is_rejected=True),
    Damage("usage twice", _swap(rb'"usage":', rb'"usage":null,"usage":'), is_rejected=True),
    Damage("tokens twice", _swap(rb'("input_tokens":\d+)', rb"\1,\1"), is_rejected=True),
    Damage("unknown usage", _swap(rb'"usage":{', rb'"usage":{"compaction_tokens":7,'), is_rejected=False),
    Damage("no zone", _swap(rb'("timestamp":"[^"]+)Z"', rb'\1"'), is_rejected=True),
    Damage("no UTF-8", _swap(rb"\[simulated\]", b"[\xff\xfe]"), is_rejected=True),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a damaged log tells, to hold an import against. `blank` lines are no records."""

    lines: int
    imported: int
    duplicate: int
    rejected: int
    blank: int


def clean_lines(lines: int, seed: int = SEED) -> Iterator[bytes]:
    """Yield so many lines of the vendor's log."""
    requests = lines * 256 // _SHARE + lines // 50 + 1_000  # some more than the share says: it is drawn by chance
    vendors = (
        log_line(each).encode() + b"\n" for each in simulate(seed, requests) if each.call.work.file == VENDOR_LOG
    )
    return islice(vendors, lines)


def write_clean(path: Path, lines: int) -> None:
    """Write a clean log of so many lines."""
    with path.open("wb") as log:
        log.writelines(clean_lines(lines))


def write_years(path: Path, month: Path, years: int) -> None:
    """Write a month's log as that of so many years before it: other ids and times, the same sizes."""
    with month.open("rb") as source, path.open("wb") as log:
        for year in range(SEED - years, SEED):
            source.seek(0)
            new, name = _YEAR.replace(b"2026", str(year).encode()), b"sim%d_" % year
            while lines := b"".join(source.readlines(2**24)):
                log.write(lines.replace(_YEAR, new).replace(b"sim%d_" % SEED, name))


def write_damaged(path: Path, month: Path) -> Told:
    """Write the log anew as damaged: 1 line in 100 is bad or blank, 1 in 20 is told again; as many lines as before."""
    damages: Iterator[Damage | None] = cycle((*DAMAGES, None))
    imported = duplicate = rejected = blank = number = 0
    before: deque[bytes] = deque(maxlen=_BACK)
    is_due = False
    with month.open("rb") as source, path.open("wb") as log:
        for number, line in enumerate(source, 1):
            is_due |= number % _BAD_IN == 0
            if is_due and b'"status":200,' in line:
                is_due, damage = False, next(damages)
                log.write(damage.harm(line[:-1]) + b"\n" if damage else b"\n")
                blank += damage is None
                rejected += damage is not None and damage.is_rejected
                imported += damage is not None and not damage.is_rejected
            elif number % _TWICE_IN == 1 and before:
                log.write(before[-(duplicate % 2)])
                duplicate += 1
            else:
                log.write(line)
                imported += 1
                before.append(line)
    return Told(number, imported, duplicate, rejected, blank)

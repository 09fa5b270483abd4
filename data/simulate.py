"""Write a simulated month of logs, and beside it what an audit of them has to find.

`python -m data.simulate` writes the sample again, and the month before it; `--requests N --out DIR` makes another
October of any size, of which no more than an hour is held in memory. Gzip files carry no time, so that the same
arguments give the same content.
"""

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from io import TextIOWrapper
from pathlib import Path
from typing import Final, TextIO

from data.month import (
    AIML_API_LOG,
    API_MODELS_LOG,
    API_MODELS_LOG_BEFORE,
    FAULTS,
    OK,
    REEXPORT_LOG,
    REQUESTS,
    SEED,
    STREAM_LOG,
    VENDOR_LOG,
    VENDOR_LOG_BEFORE,
    Simulated,
    month_before,
    simulate,
)
from data.wire import log_line, with_other_charge

SAMPLE: Final = Path(__file__).parent / "sample"
SAMPLE_BEFORE: Final = Path(__file__).parent / "sample_before"
EXPECTED: Final = "expected_audit.json"
LOGS: Final = (AIML_API_LOG, VENDOR_LOG, REEXPORT_LOG, STREAM_LOG, API_MODELS_LOG)
"""In the order in which they are imported: that of their names."""
LOGS_BEFORE: Final = (VENDOR_LOG_BEFORE, API_MODELS_LOG_BEFORE)

VERDICTS: Final = (
    "matched",
    "overcharged",
    "undercharged",
    "unpriced",
    "unreported",
    "charged_failure",
    "failed",
    "incomplete",
)
CHECKED: Final = frozenset({"matched", "overcharged", "undercharged", "charged_failure"})
COUNTS: Final = ("records", "imported", "duplicate", "superseded", "conflict", "rejected", "ignored")

#: The client exported these hours twice; the first charge in them differs in the second export.
REEXPORTED: Final = ("2026-10-12T08", "2026-10-12T16")

_WRAPPED: Final = (
    '{"timestamp":"%s","request_id":"%s","status":200,"provider":"%s","request":{"model":"%s"},"response":'
)
_MESSAGE: Final = (
    '{"id":"msg_%s","type":"message","role":"assistant","model":"claude-sonnet-4-6","stop_reason":"end_turn",'
    '"content":[{"type":"text","text":"[simulated]"}],"usage":{"input_tokens":%s,"output_tokens":42},"credits_consumed":0.06}}'
)
_CHAT: Final = (
    '{"id":"chatcmpl-%s","object":"chat.completion","created":1791212400,"model":"anthropic/claude-sonnet-4.6",'
    '"usage":{"prompt_tokens":100,"completion_tokens":20,"prompt_tokens_details":{"cached_tokens":180}}}}'
)


def _damaged(name: str, tokens: str, at: str = "2026-10-05T15:00:00Z") -> str:
    return _WRAPPED % (at, name, "aivideoapi", "claude-sonnet-4-6") + _MESSAGE % (name, tokens)


#: Lines that are no sound records, after how many lines of which log: cut, half a token, fewer tokens than none, a time
#: without a zone, more cached tokens than tokens, and a blank one, which is ignored.
DAMAGED: Final[Mapping[tuple[str, int], str]] = {
    (VENDOR_LOG, 100): _damaged("simbad_1", "18")[:260],
    (VENDOR_LOG, 700): _damaged("simbad_2", "12.5"),
    (VENDOR_LOG, 1300): _damaged("simbad_3", "-4"),
    (VENDOR_LOG, 1900): _damaged("simbad_4", "18", "2026-10-12T10:00:00"),
    (VENDOR_LOG, 2500): "",
    (AIML_API_LOG, 50): _WRAPPED % ("2026-10-06T15:00:00Z", "simbad_5", "aimlapi", "anthropic/claude-sonnet-4.6")
    + _CHAT % "simbad_5",
}


_Key = tuple[str, str, str, str]
"""Provider, SKU, unit (of the provider's card), verdict."""


class Tally:
    """What an audit of the requests has to find, summed up as they come. Amounts are pico-units."""

    def __init__(self) -> None:
        self._requests: Counter[_Key] = Counter()
        self._charged: Counter[_Key] = Counter()
        self._expected: Counter[_Key] = Counter()
        self._faults: dict[str, list[str]] = {}
        self._fault_variance: Counter[str] = Counter()

    def add(self, request: Simulated) -> None:
        """Count one request."""
        route = request.call.work.route
        key = route.provider, route.sku, route.unit, request.verdict
        self._requests[key] += 1
        self._charged[key] += request.charged or 0
        self._expected[key] += request.expected or 0
        if request.cause:
            self._faults.setdefault(request.cause, []).append(request.request_id)
            self._fault_variance[request.cause] += (request.charged or 0) - (request.expected or 0)

    def result(self) -> dict[str, object]:
        """Return the expected audit, ready for JSON; amounts are strings of plain digits in the unit of their row."""
        keys = sorted(self._requests)
        units = sorted({unit for _, _, unit, _ in keys})
        skus = sorted({key[:3] for key in keys})
        return {
            "totals": [{"unit": unit, **self._sums(key for key in keys if key[2] == unit)} for unit in units],
            "verdicts": self._verdicts(keys),
            "skus": [
                {
                    "provider": provider,
                    "sku": sku,
                    "unit": unit,
                    **self._sums(of_sku),
                    "verdicts": self._verdicts(of_sku),
                }
                for provider, sku, unit in skus
                for of_sku in [[key for key in keys if key[:3] == (provider, sku, unit)]]
            ],
            "faults": [
                {
                    "cause": cause,
                    "what": FAULTS[cause],
                    "requests": len(ids),
                    "variance": digits(self._fault_variance[cause]),
                    "request_ids": ids,
                }
                for cause, ids in sorted(self._faults.items())
            ],
        }

    def _verdicts(self, keys: Iterable[_Key]) -> dict[str, int]:
        found: Counter[str] = Counter()
        for key in keys:
            found[key[3]] += self._requests[key]
        return {verdict: found[verdict] for verdict in VERDICTS}

    def _sums(self, keys: Iterable[_Key]) -> dict[str, object]:
        keys = list(keys)
        checked = [key for key in keys if key[3] in CHECKED]
        charged, expected = sum(self._charged[key] for key in checked), sum(self._expected[key] for key in checked)
        return {
            "requests": sum(self._requests[key] for key in keys),
            "checked": sum(self._requests[key] for key in checked),
            "charged": digits(charged),
            "expected": digits(expected),
            "variance": digits(charged - expected),
            "charged_unchecked": digits(sum(self._charged[key] for key in keys if key[3] not in CHECKED)),
            "expected_unreported": digits(sum(self._expected[key] for key in keys if key[3] == "unreported")),
        }


class Logs:
    """The log files of the client, open for writing, and what an importer has to count in each."""

    def __init__(self, files: Mapping[str, TextIO]) -> None:
        self._files = files
        self._lines: Counter[str] = Counter()
        self._conflicts = 0
        self.counts = {name: Counter(dict.fromkeys(COUNTS, 0)) for name in files}

    def add(self, request: Simulated) -> None:
        """Write one request where it belongs, once or twice, and what is damaged beside it."""
        log, line = request.call.work.file, log_line(request)
        self._write(log, line, "imported")
        if log == VENDOR_LOG and REEXPORTED[0] <= request.call.at < REEXPORTED[1]:
            self._write_again(request, line)
        if (damage := DAMAGED.get((log, self._lines[log]))) is not None:
            self._write(log, damage, "rejected" if damage else "ignored")

    def _write_again(self, request: Simulated, line: str) -> None:
        if request.charged and request.call.status == OK and not self._conflicts:
            self._conflicts = 1
            self._write(REEXPORT_LOG, with_other_charge(request), "conflict")
        else:
            self._write(REEXPORT_LOG, line, "duplicate")

    def _write(self, log: str, line: str, outcome: str) -> None:
        self._files[log].write(line + "\n")
        self._lines[log] += 1
        self.counts[log][outcome] += 1
        self.counts[log]["records"] += outcome != "ignored"


def digits(pico: int) -> str:
    """Return pico-units as plain digits of the unit, such as "1.6625" or "-0.01"."""
    whole, rest = divmod(abs(pico), 10**12)
    return f"{'-' if pico < 0 else ''}{whole}.{rest:012d}".rstrip("0").rstrip(".")


def write_month(out: Path, expected: Path, seed: int = SEED, requests: int = REQUESTS) -> dict[str, object]:
    """Write the logs into the folder `out`, the expected audit into the file `expected`, and return the latter."""
    out.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    with ExitStack() as stack:
        logs = Logs({name: _open(stack, out / name) for name in LOGS})
        for request in simulate(seed, requests):
            logs.add(request)
            tally.add(request)
    total: Counter[str] = Counter(dict.fromkeys(COUNTS, 0))
    for counts in logs.counts.values():
        total.update(counts)
    result: dict[str, object] = {
        "simulated": True,
        "seed": seed,
        "requests": requests,
        "period": {"from": "2026-10-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"},
        "files": logs.counts,
        "total": total,
        **tally.result(),
    }
    expected.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8", newline="\n")
    return result


def write_month_before(out: Path) -> None:
    """Write the logs of September into the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        logs = Logs({name: _open(stack, out / name) for name in LOGS_BEFORE})
        for request in month_before():
            logs.add(request)


def _open(stack: ExitStack, path: Path) -> TextIO:
    raw = stack.enter_context(path.open("wb"))
    packed = stack.enter_context(gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6))
    return stack.enter_context(TextIOWrapper(packed, encoding="ascii", newline="\n"))


def main() -> None:
    """Read the arguments and write the month."""
    parser = argparse.ArgumentParser(description="Write a simulated month of logs and its expected audit.")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="of chance (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="folder of the logs; the audit goes beside it (default: data/sample)")
    arguments = parser.parse_args()
    out = arguments.out or SAMPLE
    write_month(out, out.parent / EXPECTED, arguments.seed, arguments.requests)
    if arguments.out is None:
        write_month_before(SAMPLE_BEFORE)


if __name__ == "__main__":
    main()

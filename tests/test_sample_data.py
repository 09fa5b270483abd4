"""The sample months are what their generator writes, its truth adds up, and nothing in them looks like a secret."""

import gzip
import json
import re
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from data.month import API_MODELS, DIRECT_SONNET, FAULTS, OPUS, SONNET, VENDOR_LOG, Simulated, cost, simulate
from data.simulate import (
    CHECKED,
    COUNTS,
    EXPECTED,
    LOGS,
    LOGS_BEFORE,
    SAMPLE,
    SAMPLE_BEFORE,
    VERDICTS,
    digits,
    write_month,
    write_month_before,
)
from data.wire import log_line

MOST_BYTES = 600_000
FILES = [*((SAMPLE_BEFORE / name) for name in LOGS_BEFORE), *((SAMPLE / name) for name in LOGS)]


@pytest.fixture(scope="module")
def expected() -> Any:  # noqa: ANN401 - JSON
    return json.loads((SAMPLE.parent / EXPECTED).read_text("utf-8"))


@pytest.fixture(scope="module")
def month() -> list[Simulated]:
    return list(simulate())


def _lines(path: Path) -> list[str]:
    # The text is compared and not the packed bytes, which differ between builds of zlib.
    return gzip.decompress(path.read_bytes()).decode("ascii").splitlines()


def test_the_generator_writes_the_sample_again(tmp_path: Path) -> None:
    write_month(tmp_path / SAMPLE.name, tmp_path / EXPECTED)
    write_month_before(tmp_path / SAMPLE_BEFORE.name)
    assert (tmp_path / EXPECTED).read_bytes() == (SAMPLE.parent / EXPECTED).read_bytes()
    for path in FILES:
        again = _lines(tmp_path / path.parent.name / path.name)
        assert again == _lines(path), f"{path.name}: run `python -m data.simulate`"


def test_a_gzip_file_carries_neither_time_nor_name() -> None:
    for path in FILES:
        head = path.read_bytes()[:10]
        assert (head[3], head[4:8]) == (0, bytes(4))


def test_the_sample_is_small_and_holds_nothing_else() -> None:
    assert [*sorted(SAMPLE_BEFORE.iterdir()), *sorted(SAMPLE.iterdir())] == FILES
    assert sum(path.stat().st_size for path in FILES) < MOST_BYTES


def test_the_expected_counts_are_those_of_the_lines(expected: Any) -> None:  # noqa: ANN401 - JSON
    total: Counter[str] = Counter()
    for name in LOGS:
        counts = expected["files"][name]
        assert counts["records"] == sum(counts[outcome] for outcome in COUNTS[1:-1])
        assert counts["records"] + counts["ignored"] == len(_lines(SAMPLE / name))
        total.update(counts)
    assert total == expected["total"]
    assert all(total[outcome] for outcome in ("duplicate", "conflict", "rejected", "ignored"))


def test_the_expected_sums_add_up(expected: Any) -> None:  # noqa: ANN401 - JSON
    assert sum(expected["verdicts"].values()) == expected["requests"] == expected["total"]["imported"]
    for verdict in VERDICTS:
        assert expected["verdicts"][verdict] == sum(sku["verdicts"][verdict] for sku in expected["skus"])
    for totals in expected["totals"]:
        of_unit = [sku for sku in expected["skus"] if sku["unit"] == totals["unit"]]
        for figure in ("requests", "checked"):
            assert totals[figure] == sum(sku[figure] for sku in of_unit)
        for figure in ("charged", "expected", "variance", "charged_unchecked", "expected_unreported"):
            assert Decimal(totals[figure]) == sum(Decimal(sku[figure]) for sku in of_unit)
        assert Decimal(totals["charged"]) - Decimal(totals["expected"]) == Decimal(totals["variance"])


def test_all_variance_is_planted(expected: Any) -> None:  # noqa: ANN401 - JSON
    (credit,) = (totals for totals in expected["totals"] if totals["unit"] == "credit")
    assert sum(Decimal(fault["variance"]) for fault in expected["faults"]) == Decimal(credit["variance"])
    faulty = sum(fault["requests"] for fault in expected["faults"])
    assert faulty == sum(expected["verdicts"][name] for name in ("overcharged", "undercharged", "charged_failure"))
    assert 0.03 < faulty / expected["requests"] < 0.05


def test_every_planted_fault_stands_in_the_logs(expected: Any) -> None:  # noqa: ANN401 - JSON
    text = "\n".join(_lines(SAMPLE / VENDOR_LOG))
    ids = set(re.findall(r'"(?:request_)?id":"([^"]+)"', text))
    assert {fault["cause"] for fault in expected["faults"]} == set(FAULTS)
    for fault in expected["faults"]:
        assert len(set(fault["request_ids"])) == len(fault["request_ids"]) == fault["requests"] > 0
        assert set(fault["request_ids"]) <= ids


def test_without_faults_every_checked_charge_matches() -> None:
    honest = [request for request in simulate(faults=frozenset()) if request.verdict in CHECKED]
    assert {request.verdict for request in honest} == {"matched"}
    assert not any(request.cause for request in honest)


def test_a_misspelt_fault_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no such fault: rate\.markdown"):
        next(simulate(faults=frozenset({"rate.markdown"})))


def test_the_arithmetic_gives_the_charges_that_the_vendor_documents() -> None:
    for route, tokens, exact, charged in (
        (SONNET, (18, 42, 0, 0, 0), "0.0684", "0.06"),
        (OPUS, (20, 661, 0, 0, 0), "1.6625", "1.66"),
        (DIRECT_SONNET, (0, 0, 0, 0, 1000), "1.765", "1.765"),
        (API_MODELS, (1_000_000, 1_000_000, 0, 0, 0), "6.354", "6.354"),
    ):
        pico = cost(tokens, route.rates)
        assert pico is not None
        assert (digits(pico), digits(pico - pico % route.step)) == (exact, charged)
    assert cost((18, 42, 1, 0, 0), SONNET.rates) is None


def test_requests_come_in_order_within_the_month(month: list[Simulated]) -> None:
    times = [request.call.at for request in month]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert "2026-10-01T00:00:00" <= times[0] < times[-1] < "2026-11-01"
    assert len({request.request_id for request in month}) == len(month) == 6000


def test_a_line_says_what_is_true_of_its_request(month: list[Simulated]) -> None:
    for request in month:
        line = json.loads(log_line(request), parse_float=Decimal)
        answer = line["response"]
        assert line["request"]["model"] == request.call.work.route.sku
        assert line["provider"] == request.call.work.route.provider
        if isinstance(answer, str):
            assert ("message_stop" in answer) == (request.verdict == "unreported")
            continue
        assert ("error" in answer) == (request.call.status >= 400) == (request.verdict in {"failed", "charged_failure"})
        said = answer.get("credits_consumed")
        assert (None if said is None else said * 10**12) == request.charged


def test_the_month_has_all_kinds_of_usage(month: list[Simulated]) -> None:
    for kind in range(5):
        assert any(request.tokens[kind] for request in month)
    assert {request.verdict for request in month} == set(VERDICTS) - {"undercharged"}
    assert {request.call.work.project is None for request in month} == {True, False}


def test_all_is_labelled_as_simulated_and_nothing_looks_like_a_key() -> None:
    secret = re.compile(r"sk-|bearer|x-api-key|eyJ[A-Za-z0-9]|[0-9a-f]{24}|@", re.IGNORECASE)
    for path in FILES:
        for line in filter(None, _lines(path)):
            assert "sim" in line
            assert not secret.search(line)
            assert "[simulated]" in line or '"status":200' not in line or "simbad" in line


def test_a_big_month_is_made_hour_by_hour() -> None:
    big = simulate(requests=10**7)
    assert next(big).call.at.startswith("2026-10-01T00:")


def test_the_readme_tells_every_planted_fault() -> None:
    readme = (SAMPLE.parent / "README.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| (.+) \|$", readme, re.MULTILINE))
    assert {cause: what.replace("`", "") for cause, what in rows.items() if cause in FAULTS} == FAULTS

"""Real traffic: each recorded answer is read to its last word, or a reason is stated."""

import gzip
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

from billing.errors import RefusedInputError
from billing.importing.formats import is_log_name, open_log
from billing.records import Outcome, Reading, Reject, Status, UsageRecord
from pricing.usage import Usage

Told = dict[str, tuple[object, ...]]
"""By message id: tokens in, out, read from a cache and written to one."""
COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def outcomes_of(path: Path) -> list[Outcome]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        return list(open_log(file, str(path), Reading()).outcomes)  # type: ignore[arg-type]  # both give bytes


def records_of(path: Path) -> list[UsageRecord]:
    return [outcome for outcome in outcomes_of(path) if isinstance(outcome, UsageRecord)]


def last_words(path: Path) -> Told:
    """Return what a recording says last of each message, by a way of its own: no shape, no event, only the order."""
    text = path.read_text(encoding="utf-8")
    lines = [line.removeprefix("data:") for line in text.splitlines() if line.startswith(("{", "data:"))]
    values = [json.loads(text)] if path.suffix == ".json" else [json.loads(line) for line in lines]
    told: dict[str, dict[str, int]] = {}
    current = ""
    for value in values:
        answer = value.get("message") or value
        current = answer.get("id") or current
        counts = {name: count for name, count in (answer.get("usage") or {}).items() if name in COUNTS}
        told[current] = told.get(current, {}) | counts
    return {name: tuple(counts.get(count, 0) for count in COUNTS) for name, counts in told.items() if counts}


def as_told(usage: Usage) -> tuple[object, ...]:
    written = usage.cache_write_5m + usage.cache_write_1h + usage.cache_write_unsplit
    return usage.input, usage.output, usage.cache_read, written


def recordings(shared: Path) -> list[Path]:
    return sorted(path for path in (shared / "realdata" / "sse").rglob("*") if path.is_file())


def test_every_recording_yields_its_last_word_or_a_reason(shared: Path) -> None:
    refused = []
    messages = 0
    for path in recordings(shared):
        assert is_log_name(path)
        try:
            found = {record.request_id: as_told(record.usage) for record in records_of(path)}
        except RefusedInputError:
            refused.append(path.name)
            continue
        assert found == last_words(path), path
        messages += len(found)
    # These two are answers of another API, without a model or usage.
    assert refused == ["anthropic-skill-create.json", "anthropic-skill-version-create.json"]
    assert messages == 109


def test_no_recording_has_rejects_and_one_stream_was_cut(shared: Path) -> None:
    cut = []
    flagged: Counter[str] = Counter()
    for path in recordings(shared):
        if "skill-" in path.name and "create" in path.name:
            continue
        outcomes = outcomes_of(path)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Reject)], path
        records = [outcome for outcome in outcomes if isinstance(outcome, UsageRecord)]
        cut += [record.request_id for record in records if record.status is not Status.OK]
        flagged.update(path.name.split(".")[0] for record in records if record.usage.unknown_fields)
    assert cut == ["msg_first"]
    # Usage of other models, or of a compaction, that the top level does not tell.
    assert flagged == {
        "anthropic-advisor-20250301": 1, "anthropic-advisor-20260301": 1, "anthropic-compaction": 2,
        "anthropic-fallback": 2,
    }  # fmt: skip


def sessions(shared: Path, last_project: int) -> list[Path]:
    folder = shared / "realdata" / "claude_code"
    projects = (folder / f"project-{number:02}" for number in range(1, last_project + 1))
    return [path for project in projects for path in sorted(project.rglob("*.jsonl"))]


def test_sessions_are_read_without_rejects(shared: Path) -> None:
    paths = sessions(shared, 8)
    records = []
    empty = 0
    for path in paths:
        outcomes = outcomes_of(path)
        lines = path.read_bytes().count(b"\n")
        assert [outcome.line for outcome in outcomes] == list(range(1, lines + 1)), path
        assert not [outcome for outcome in outcomes if isinstance(outcome, Reject)], path
        records += [outcome for outcome in outcomes if isinstance(outcome, UsageRecord)]
        empty += not outcomes
    assert (len(paths), empty) == (99, 17)
    assert len(records) == 1634
    assert len({record.request_id for record in records}) == 878
    assert len({(record.request_id, record.client_request_id) for record in records}) == 878
    assert not [record for record in records if record.usage.unknown_fields or record.at is None]


def test_the_lines_of_a_session_are_what_is_written(shared: Path) -> None:
    for path in sessions(shared, 10):
        answers = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        written = [
            tuple(line["message"]["usage"].get(count, 0) for count in COUNTS)
            for line in answers
            if line["type"] == "assistant"
        ]
        assert [as_told(record.usage) for record in records_of(path)] == written, path


def test_calls_over_openrouter_are_read_to_the_last_digit(shared: Path) -> None:
    (path,) = (shared / "realdata" / "openrouter").glob("*.gz")
    records = records_of(path)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        written = [json.loads(line, parse_float=Decimal) for line in file]
    assert len(records) == len(written) == 20_163
    assert [record.charged for record in records] == [line["usage"].get("cost") for line in written]
    assert [record.usage.prompt_tokens for record in records] == [line["usage"]["prompt_tokens"] for line in written]
    assert [record.usage.output for record in records] == [line["usage"]["completion_tokens"] for line in written]
    # The calls without a cost went through another gateway, straight to the maker of the model.
    assert Counter((record.provider, record.sku, record.unit) for record in records) == {
        ("openrouter", "google/gemini-3-pro-preview", "USD"): 19_584,
        ("google", "gemini-3-pro-preview", None): 579,
    }
    assert not [record for record in records if record.usage.unknown_fields or record.at is None]


def test_charges_over_openrouter_are_exact_at_the_published_rates(shared: Path) -> None:
    (path,) = (shared / "realdata" / "openrouter").glob("*.gz")
    for record in records_of(path):
        usage = record.usage
        exact = (2 * usage.input + 12 * usage.output + Decimal("0.2") * usage.cache_read) / 1_000_000
        assert record.charged in (None, exact)

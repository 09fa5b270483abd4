"""Which records are the same request: nothing lost, nothing twice, whatever comes first."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.importing.identity import Settled
from billing.ledger import Ledger, open_ledger
from billing.records import Status, UsageRecord
from pricing.usage import Usage
from tests.ledgers import OCTOBER, a_ledger, put


def told(request_id: str, line: int = 1, **fields: object) -> UsageRecord:
    record = UsageRecord(line, "vendor", "model", request_id, at=OCTOBER, usage=Usage(input=10, output=5))
    return replace(record, **fields)  # type: ignore[arg-type]  # the fields of a record


def snapshot(output: int, line: int, **fields: object) -> UsageRecord:
    return told("m", line, usage=Usage(input=3, output=output), client_request_id="r", is_snapshot=True, **fields)


def outputs(ledger: Ledger) -> list[int]:
    return [output for (output,) in ledger.rows("SELECT output FROM usage_records ORDER BY output")]


def test_snapshots_of_a_stream_are_one_request_with_the_last_word() -> None:
    with a_ledger() as ledger:
        settled = put(ledger, [snapshot(9, 1), snapshot(9, 2), snapshot(159, 3)])
        assert settled == Settled(imported=1, duplicate=0, superseded=2, conflict=0, reused_ids=())
        assert outputs(ledger) == [159]


def test_a_replay_under_another_request_id_is_the_same_request() -> None:
    """The same message in two session files, or in a side chain under a new request id, is one."""
    with a_ledger() as ledger:
        put(ledger, [snapshot(159, 1)], "session")
        settled = put(ledger, [replace(snapshot(159, 1), client_request_id="other")], "side chain")
        assert (settled.imported, settled.duplicate) == (0, 1)
        assert outputs(ledger) == [159]


def test_same_id_and_other_money_is_a_conflict_and_never_summed() -> None:
    with a_ledger() as ledger:
        charges = (Decimal("1.66"), Decimal("1.67"))
        settled = put(ledger, [told("a", n, charged=charge, unit="credit") for n, charge in enumerate(charges)])
        assert (settled.imported, settled.conflict) == (1, 1)
        assert ledger.rows("SELECT charged FROM usage_records") == [(1_660_000_000_000,)]
        assert ledger.rows("SELECT charged, reason FROM conflicts") == [(1_670_000_000_000, "money_differs")]


def test_one_id_for_many_requests_is_reported_and_not_collapsed_in_silence() -> None:
    with a_ledger() as ledger:
        many = [told("same", n, at=OCTOBER + timedelta(hours=n), usage=Usage(input=n, output=n)) for n in range(1, 6)]
        settled = put(ledger, many)
        assert (settled.imported, settled.conflict, settled.reused_ids) == (1, 4, ("same",))
        assert ledger.rows("SELECT COUNT(*) FROM conflicts") == [(4,)]


def test_texts_that_hold_what_parts_others_are_not_taken_for_them() -> None:
    with a_ledger() as ledger:
        one = told("a", usage=Usage(input=10, output=5, service_tier="x|"), error_code="y")
        settled = put(ledger, [one, replace(one, usage=Usage(input=10, output=5, service_tier="x"), error_code="|y")])
        assert settled.duplicate == 0


def test_a_charge_told_later_completes_the_record() -> None:
    with a_ledger() as ledger:
        put(ledger, [told("a")])
        settled = put(ledger, [told("a", charged=Decimal("0.06"), unit="credit")], "with charges")
        assert (settled.imported, settled.superseded) == (0, 1)
        assert ledger.rows("SELECT charged FROM usage_records") == [(60_000_000_000,)]


def test_a_whole_stream_takes_the_place_of_a_cut_one() -> None:
    with a_ledger() as ledger:
        put(ledger, [told("a", status=Status.INCOMPLETE, usage=Usage(input=10, output=1))])
        settled = put(ledger, [told("a")], "whole")
        assert (settled.imported, settled.superseded) == (0, 1)
        assert ledger.rows("SELECT status, output FROM usage_records") == [("ok", 5)]


def test_a_charge_that_only_a_cut_stream_tells_is_not_lost() -> None:
    cut = told("a", status=Status.INCOMPLETE, usage=Usage(input=10, output=1), charged=Decimal(5), unit="credit")
    for first, second in permutations([[told("a")], [cut]]):
        with a_ledger() as ledger:
            put(ledger, first)
            assert put(ledger, second, "other").conflict == 1
            assert ledger.rows("SELECT status, charged FROM usage_records") == [("ok", None)]
            assert ledger.rows("SELECT status, charged FROM conflicts") == [("incomplete", 5 * 10**12)]


def test_equal_requests_of_two_keys_are_two() -> None:
    with a_ledger() as ledger:
        ours = [told(""), told("", api_key_id="7"), told("", api_key_id="8"), told("", project="shop")]
        assert put(ledger, ours).imported == 4
        assert put(ledger, ours, "again").duplicate == 4


def test_whose_a_request_is_does_not_depend_on_the_file_that_tells_it() -> None:
    shop, other = (told("a", 1, project=name, api_key_id="k", tags=(("team", name),)) for name in ("shop", "zoo"))
    for names in permutations(["first", "second"]):
        with a_ledger() as ledger:
            for record, name in zip((shop, other), names, strict=True):
                put(ledger, [record], name)
            assert ledger.rows("SELECT project, tags FROM usage_records") == [("shop", '{"team":"shop"}')]


def test_conflicts_are_the_same_whatever_comes_first() -> None:
    at = [OCTOBER + timedelta(days=day) for day in range(4)]
    charges = [Decimal(2), Decimal(1), Decimal(2), Decimal(1)]
    all_told = [told("a", charged=charge, unit="credit", at=when) for charge, when in zip(charges, at, strict=True)]
    for files in permutations(all_told):
        with a_ledger() as ledger:
            for number, record in enumerate(files):
                put(ledger, [record], f"{number}")
            assert ledger.rows("SELECT charged, used_at FROM usage_records") == [(2 * 10**12, at[0])]
            assert ledger.rows("SELECT charged, used_at FROM conflicts") == [(10**12, at[1])]


def test_the_same_id_at_two_providers_is_two_requests() -> None:
    with a_ledger() as ledger:
        settled = put(ledger, [told("a"), told("a", 2, provider="other"), told("a", 3, provider=None)])
        assert settled.imported == 3


def test_charged_zero_is_not_the_same_as_not_said() -> None:
    with a_ledger() as ledger:
        put(ledger, [told("a", charged=Decimal(0), unit="credit"), told("b", 2)])
        assert ledger.rows("SELECT charged FROM usage_records ORDER BY request_id") == [(0,), (None,)]


any_record = st.builds(
    told,
    st.sampled_from(["a", "b", "c"]),
    line=st.integers(1, 50),
    usage=st.builds(Usage, input=st.sampled_from([3, 4]), output=st.sampled_from([1, 9, 159])),
    charged=st.sampled_from([None, None, Decimal("0.06"), Decimal("0.07")]),
    status=st.sampled_from([Status.OK, Status.OK, Status.OK, Status.INCOMPLETE, Status.FAILED]),
    client_request_id=st.sampled_from(["r1", "r2", None]),
    at=st.sampled_from([OCTOBER, OCTOBER + timedelta(seconds=1), None]),
    is_snapshot=st.booleans(),
)


def load(files: Sequence[Sequence[UsageRecord]]) -> tuple[list[tuple[object, ...]], list[Settled]]:
    """Import the files one after another and return what the ledger bills, and what became of each."""
    with a_ledger() as ledger:
        settled = [put(ledger, records, f"file {number}") for number, records in enumerate(files)]
        billed = ledger.rows("""
            SELECT request_id, sku, input, output, charged, status, used_at FROM usage_records ORDER BY request_id""")
    return billed, settled


@settings(max_examples=60)
@given(st.lists(any_record, min_size=1, max_size=10), st.randoms(use_true_random=False), st.integers(0, 10))
def test_order_and_split_change_nothing(records: list[UsageRecord], random: object, cut: int) -> None:
    shuffled = list(records)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis gives a random.Random
    whole, _ = load([records])
    split, settled = load([shuffled[:cut], shuffled[cut:]])
    assert split == whole
    assert sum(each.imported for each in settled) == len(whole)


@settings(max_examples=60)
@given(st.lists(any_record, min_size=1, max_size=10))
def test_every_record_is_accounted_for_and_twice_is_once(records: list[UsageRecord]) -> None:
    once, (first,) = load([records])
    twice, (_, second) = load([records, records])
    assert twice == once
    for each in (first, second):
        assert each.imported + each.duplicate + each.superseded + each.conflict == len(records)
    assert second.imported == 0


def test_an_engine_that_hashes_otherwise_still_finds_ids(tmp_path: Path) -> None:
    path = tmp_path / "ledger.duckdb"
    with open_ledger(path) as ledger:
        put(ledger, [told("a")])
        ledger.connection.execute("UPDATE usage_records SET id_hash = id_hash - 1")
        ledger.connection.execute("UPDATE hash_probe SET hash = hash - 1")
    with open_ledger(path) as ledger:
        assert put(ledger, [told("a")], "again").duplicate == 1
        assert ledger.rows("SELECT id_hash = hash('a') FROM usage_records") == [(True,)]

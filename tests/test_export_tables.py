"""Exported tables: one row per request, exact digits, harmless cells, whole files."""

import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pricing.amounts import digits
from reports.cli import run
from reports.exports import files
from reports.exports.columns import AMOUNT, plain_text
from reports.exports.files import write_table
from reports.exports.usage import USAGE, findings_table, usage_batches
from tests.export_values import NAMES, an_audit, as_told, read_csv
from tests.test_cli import call, log_line, working_folder  # noqa: F401 - the last is a fixture

CONTRACT = [
    "request_id", "provider", "sku", "at", "input", "output", "cache_read", "cache_write_5m", "cache_write_1h",
    "charged", "expected", "exact", "variance", "unit", "verdict", "cause", "project", "path", "line",
]  # fmt: skip
SUMS = ("charged", "expected", "variance")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export a hostile month in both formats, and what its audit says."""
    folder = tmp_path_factory.mktemp("exports")
    with an_audit(hostile=True, provider=None) as audited:
        for name in ("usage.csv", "usage.parquet"):
            write_table(folder / name, USAGE, usage_batches(audited))
        table = findings_table(audited.audit)
        write_table(folder / "findings.csv", table.schema, table.to_batches())
        totals = {total.unit: [str(getattr(total, name)) for name in SUMS] for total in audited.audit.totals}
        told = {"totals": totals, "verdicts": audited.audit.verdicts,
                "findings": {each.id: [each.requests, str(each.variance), digits(each.usd)]
                             for each in audited.audit.findings}}  # fmt: skip
        (folder / "audit.json").write_text(json.dumps(told), "utf-8")
    return folder


def test_usage_has_a_row_per_request_and_adds_up_to_the_audit(folder: Path) -> None:
    rows, told = read_csv(folder / "usage.csv"), json.loads((folder / "audit.json").read_text("utf-8"))
    assert list(rows[0])[: len(CONTRACT)] == CONTRACT
    assert len(rows) == sum(told["verdicts"].values())
    for unit, sums in told["totals"].items():
        checked = [row for row in rows if row["unit"] == unit and row["variance"]]
        assert [sum(Decimal(row[name]) for row in checked) for name in SUMS] == [Decimal(each) for each in sums]
    for finding, (requests, variance, _) in told["findings"].items():
        of_it = [row for row in rows if row["finding"] == finding]
        assert (len(of_it), sum(Decimal(row["variance"]) for row in of_it)) == (requests, Decimal(variance))
        assert {row["cause"] for row in of_it} == {
            row["rule"] for row in read_csv(folder / "findings.csv") if row["id"] == finding
        }


def test_csv_and_parquet_say_the_same(folder: Path) -> None:
    rows, table = read_csv(folder / "usage.csv"), pq.read_table(folder / "usage.parquet")
    assert table.schema.names == list(rows[0])
    for name in table.schema.names:
        column = table.column(name).combine_chunks()
        told = [value or "" for value in plain_text(column).to_pylist()]
        assert [as_told(row[name]) if column.type == pa.string() else row[name] for row in rows] == told, name


def test_parquet_holds_amounts_as_decimals_and_times_with_a_zone(folder: Path) -> None:
    schema = pq.read_schema(folder / "usage.parquet")
    amounts = ("charged", "expected", "exact", "variance", "usd_per_unit")
    assert {schema.field(name).type for name in amounts} == {pa.decimal128(38, 12)}
    assert schema.field("at").type == pa.timestamp("us", "UTC")
    assert not any(pa.types.is_floating(each.type) for each in schema)


def test_names_stay_as_they_are_and_no_cell_is_a_formula(folder: Path) -> None:
    assert set(NAMES) <= set(pq.read_table(folder / "usage.parquet").column("request_id").to_pylist())
    rows = read_csv(folder / "usage.csv")
    assert {f"'{name}" for name in NAMES if name[0] in "=+-@\t\r"} <= {row["request_id"] for row in rows}
    text = {name for name in rows[0] if USAGE.field(name).type == pa.string()}
    assert not [row for row in rows for name in text if row[name].startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert any(row["variance"].startswith("-") for row in rows)


def test_rows_come_in_one_order(folder: Path) -> None:
    told = pq.read_table(folder / "usage.parquet").select(["at", "provider", "request_id"]).to_pylist()
    keys = [tuple((value is None, value) for value in row.values()) for row in told]
    assert keys == sorted(keys, key=lambda key: [(unknown, "" if unknown else str(value)) for unknown, value in key])


def test_findings_have_exact_dollars(folder: Path) -> None:
    rows, told = read_csv(folder / "findings.csv"), json.loads((folder / "audit.json").read_text("utf-8"))
    assert {row["id"]: [int(row["requests"]), row["variance"], row["usd"]] for row in rows} == told["findings"]
    assert all(row["sentence"] for row in rows)


def test_digits_are_plain_however_small_or_large() -> None:
    amounts = ["0", "-0.000000000001", "0.5", "-1234567890.123456789012", f"{10**25}.5", "100"]
    told = plain_text(pa.array([Decimal(each) for each in amounts] + [None], AMOUNT)).to_pylist()
    assert told == [*amounts, None]


def test_a_file_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "made" / "usage.csv"
    with an_audit() as audited:
        first, *_ = usage_batches(audited)

        def broken() -> object:
            yield first
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write_table(path, USAGE, broken())  # type: ignore[arg-type]  # it never ends
        assert list(path.parent.iterdir()) == []
        assert write_table(path, USAGE, usage_batches(audited)) == 124
        before = path.read_bytes()
        with pytest.raises(KeyboardInterrupt):
            write_table(path, USAGE, broken())  # type: ignore[arg-type]  # the same
    assert [each.read_bytes() for each in path.parent.iterdir()] == [before]


def test_the_command_writes_and_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.csv").write_text(f"{log_line('msg_1')}\n{log_line('msg_2', 2)}\n", "utf-8")
    assert run(["import", "log.csv"]) == 0
    capsys.readouterr()
    code, out, _ = call(capsys, "export", "usage", "--out", "out/usage.csv", "--format", "json")
    assert (code, json.loads(out)["files"]) == (0, ["out/usage.csv"])
    assert [row["variance"] for row in read_csv(Path("out/usage.csv"))] == ["0", "0.34"]
    assert call(capsys, "export", "findings", "--out", "out/f.parquet", "--month", "2026-09")[0] == 0
    assert pq.read_table("out/f.parquet").num_rows == 0
    code, _, err = call(capsys, "export", "usage", "--out", "log.csv")
    assert code == 3
    assert "the ledger was filled from this file" in err
    code, _, err = call(capsys, "export", "usage", "--out", "usage.txt")
    assert code == 2
    assert "must end in .csv or .parquet" in err
    Path("link.csv").symlink_to("tallystick.duckdb")
    assert call(capsys, "export", "usage", "--out", "link.csv")[0] == 3


def test_a_full_disk_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_csv", full)
    with an_audit() as audited, pytest.raises(OSError, match=r"usage\.csv"):
        write_table(tmp_path / "usage.csv", USAGE, usage_batches(audited))
    assert list(tmp_path.iterdir()) == []

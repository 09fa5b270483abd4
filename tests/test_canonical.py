"""Canonical Parquet: all usage of a ledger in buckets, typed exactly, the same bytes on every run."""

import hashlib
import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from billing import canonical
from billing.canonical import RELATIONS, CanonicalError, write_canonical
from billing.errors import LedgerError
from billing.importing.importer import import_paths
from billing.ledger import Ledger, open_ledger, open_usage
from billing.records import Reading
from data.simulate import SAMPLE
from reports.cli import run
from tests.ledgers import OCTOBER, a_ledger

INVOICES = SAMPLE.parent / "invoices"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a ledger of the sample month, refunds and top-ups."""
    path = tmp_path_factory.mktemp("canonical") / "month.duckdb"
    with open_ledger(path) as ledger:
        import_paths(ledger, [SAMPLE, INVOICES / "top_ups.csv"], Reading(), OCTOBER)
    return path


def written(path: Path, folder: Path, digits: int | None = None) -> dict[str, str]:
    """Write the ledger and return the digest of each file by its name in the folder."""
    with open_ledger(path, read_only=True) as ledger:
        write_canonical(ledger, folder, digits)
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_all_rows_come_back_as_they_are(book: Path, tmp_path: Path) -> None:
    written(book, tmp_path / "out", 2)
    with duckdb.connect(str(book), read_only=True) as ledger:
        ledger.execute("SET TimeZone = 'UTC'")
        for name, schema in RELATIONS.items():
            ours = f"SELECT {', '.join(field for field in schema.names if field != 'of_request')}"
            parquet = f"read_parquet('{tmp_path}/out/{name}/**/*.parquet', hive_partitioning := FALSE)"
            for left, right in ((name, parquet), (parquet, name)):
                missing = ledger.sql(f"{ours} FROM {left} EXCEPT ALL {ours} FROM {right}").fetchall()
                assert missing == [], name
        assert ledger.sql("SELECT COUNT(*) > 5000 FROM usage_records").fetchall() == [(True,)]
        assert ledger.sql("SELECT COUNT(*) > 0 FROM account_entries").fetchall() == [(True,)]


def test_the_same_bytes_on_every_run_whatever_pieces_rows_come_in(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = written(book, tmp_path / "first")
    monkeypatch.setattr("billing.ledger._ROWS_PER_BATCH", 777)
    assert written(book, tmp_path / "second") == first
    assert len(first) == 16 + len(RELATIONS) - 1


def test_each_id_lies_in_the_bucket_that_its_digest_names(book: Path, tmp_path: Path) -> None:
    written(book, tmp_path / "out", 2)
    seen = 0
    for file in (tmp_path / "out" / "usage_records").rglob("*.parquet"):
        for row in pq.ParquetFile(file).read(["provider", "request_id"]).to_pylist():
            name = f"{row['provider'] or ''}|{row['request_id']}"
            assert file.parent.name == f"bucket=x{hashlib.md5(name.encode()).hexdigest()[:2]}"  # noqa: S324 - no secret
            seen += 1
    assert seen > 5000


def test_files_have_the_types_that_are_promised_and_no_double(book: Path, tmp_path: Path) -> None:
    written(book, tmp_path / "out", 1)
    for name, schema in RELATIONS.items():
        for file in (tmp_path / "out" / name).rglob("*.parquet"):
            assert pq.read_schema(file).equals(schema)
            physical = {pq.ParquetFile(file).schema.column(n).physical_type for n in range(len(schema))}
            assert not physical & {"DOUBLE", "FLOAT", "INT96"}


def test_what_a_refund_is_for_is_a_column_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    common = {
        "created_at": 1790812800,
        "model_name": "m",
        "prompt_tokens": 1,
        "completion_tokens": 1,
        "request_id": "r-1",
    }
    log.write_text("".join(json.dumps({"type": kind, "quota": 500, **common}) + "\n" for kind in (2, 6)))
    with a_ledger() as ledger:
        import_paths(ledger, [log], Reading(provider="vendor"), OCTOBER)
        write_canonical(ledger, tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "usage_records", columns=["status", "of_request", "charged"])
    rows = sorted(table.to_pylist(), key=lambda row: row["charged"])
    assert [(row["status"], row["of_request"]) for row in rows] == [("refund", "r-1"), ("ok", None)]


def test_an_empty_ledger_gives_empty_relations_with_their_columns(tmp_path: Path) -> None:
    with a_ledger() as ledger:
        assert write_canonical(ledger, tmp_path / "out") == 0
    for name, schema in RELATIONS.items():
        (file,) = (tmp_path / "out" / name).rglob("*.parquet")
        assert pq.read_table(file, partitioning=None).schema.equals(schema)


def test_nothing_is_written_over_and_nothing_is_left_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine.txt").write_text("mine")
    with a_ledger() as ledger:
        with pytest.raises(CanonicalError, match="holds something"):
            write_canonical(ledger, tmp_path / "kept")
        monkeypatch.setattr(canonical, "_groups", _broken)
        with pytest.raises(OSError, match="disk"):
            write_canonical(ledger, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


@pytest.mark.parametrize("harm", ["none", "cut", "empty", "other", "columns"])
@pytest.mark.parametrize("relation", ["usage_records", "files"])
def test_a_folder_that_can_t_be_read_is_refused_with_what_to_do(tmp_path: Path, relation: str, harm: str) -> None:
    with a_ledger() as ledger:
        write_canonical(ledger, tmp_path / "out")
    (file,) = (tmp_path / "out" / relation).rglob("*.parquet")
    match harm:
        case "none":
            file.unlink()
        case "cut":
            file.write_bytes(file.read_bytes()[:-20])
        case "columns":
            (usage,) = (tmp_path / "out" / "usage_records").rglob("*.parquet")
            pq.write_table(pa.table({"name": ["value"]}), usage)
        case _:
            file.write_text("no Parquet at all" if harm == "other" else "")
    told = "out: in .* or it is damaged; make the folder anew with `tallystick export canonical`"
    with pytest.raises(LedgerError, match=told), open_usage(tmp_path / "out"):
        pass


def test_damage_inside_a_file_is_told_when_it_is_read(book: Path, tmp_path: Path) -> None:
    written(book, tmp_path / "out", 1)
    file = min((tmp_path / "out" / "usage_records").rglob("*.parquet"))
    packed = bytearray(file.read_bytes())
    packed[4:2_000] = bytes(byte ^ 0x5A for byte in packed[4:2_000])
    file.write_bytes(packed)
    with pytest.raises(LedgerError, match="make the folder anew"), open_usage(tmp_path / "out") as usage:
        usage.arrow("SELECT * FROM usage_records")


def _broken(*_: object) -> None:
    raise OSError("no room on the disk")


def test_the_command_names_its_files_and_refuses_a_folder_in_use(
    book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["export", "canonical", "--ledger", str(book), "--out", str(tmp_path / "out"), "--digits", "1"]
    assert run([*command, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == _rows(book)
    assert {Path(name).relative_to(tmp_path / "out").parts[0] for name in told["files"]} == set(RELATIONS)
    assert run(command) == 3
    assert "holds something; name another folder with --out" in capsys.readouterr().err


def _rows(book: Path) -> int:
    with open_ledger(book, read_only=True) as ledger:
        return _count(ledger)


def _count(ledger: Ledger) -> int:
    ((count,),) = ledger.rows("SELECT COUNT(*) FROM usage_records")
    return int(count)

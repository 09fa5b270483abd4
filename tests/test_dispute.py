"""The dispute pack: it adds up, who gets it can check it, and nothing of it is the buyer's own business."""

import hashlib
import json
import shlex
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest

from billing.accounting.balances import balance_sheet
from billing.auditor import requests
from billing.errors import StaleRatingError
from pricing.calculator import price
from pricing.catalog import Catalog, read_cards
from pricing.usage import TOKEN_KINDS, Usage
from reports.cli import run
from reports.exports.book import write_workbook
from reports.exports.dispute import Dispute, claimed
from reports.exports.files import ExportError
from reports.exports.pack import write_pack
from reports.exports.rows import Tally
from tests.audit_values import HOSTILE
from tests.export_values import NAMES, PRIVATE, an_audit, as_told, read_csv, texts
from tests.page_reading import read
from tests.test_cli import call, log_line, working_folder  # noqa: F401 - the last is a fixture


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Dispute]]:
    """Write the pack of a plain month and of a hostile one."""
    folder = tmp_path_factory.mktemp("packs")
    found = {}
    for name in ("plain", "hostile"):
        with an_audit(hostile=name == "hostile") as audited:
            claim = write_pack(folder / name, audited, claimed(audited.audit), sender=f"Buyer {HOSTILE[0]}")
        found[name] = folder / name, claim
    return found


@pytest.fixture(params=["plain", "hostile"])
def pack(request: pytest.FixtureRequest, packs: dict[str, tuple[Path, Dispute]]) -> Iterator[tuple[Path, Dispute]]:
    return packs[request.param]  # type: ignore[return-value]  # a pair


def test_the_rows_add_up_to_the_findings_and_the_totals(pack: tuple[Path, Dispute]) -> None:
    folder, claim = pack
    rows = read_csv(folder / "rows.csv")
    for finding, sums in claim.findings:
        of_it = [row for row in rows if row["finding"] == finding.id]
        assert len(of_it) == finding.requests == sums.requests
        for name in ("charged", "expected", "variance", "refunded"):
            assert sum(Decimal(row[name]) for row in of_it) == getattr(finding, name)
        assert sum(Decimal(row["to_credit"]) for row in of_it) == sums.to_credit
    (due,) = claim.due
    assert (len(rows), sum(Decimal(row["to_credit"]) for row in rows)) == (due.requests, due.to_credit)
    assert due.to_credit == due.charged - due.expected - due.refunded
    assert due.usd == due.to_credit * Decimal("0.005")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert Decimal(manifest["due"][0]["to_credit"]) == due.to_credit
    assert sum(log["requests"] for log in manifest["logs"]) == len(rows)


def test_only_overcharges_are_claimed_and_undercharges_are_told(packs: dict[str, tuple[Path, Dispute]]) -> None:
    folder, claim = packs["plain"]
    assert all(Decimal(row["variance"]) > 0 for row in read_csv(folder / "rows.csv"))
    (under,) = claim.undercharged
    told = f"{under.requests} requests were charged {-under.to_credit} credits less than the rate card says"
    assert told in (folder / "letter.md").read_text("utf-8")
    assert told in (folder / "letter.html").read_text("utf-8")
    assert str(claim.due[0].to_credit + under.to_credit) in (folder / "letter.md").read_text("utf-8")


def test_who_gets_it_can_rate_every_row_again(pack: tuple[Path, Dispute]) -> None:
    folder, claim = pack
    catalog = Catalog("theirs", "0" * 64, read_cards([folder / "rate_card.toml"]))
    kinds = [kind.value for kind in TOKEN_KINDS]
    rated = [row for row in read_csv(folder / "rows.csv") if row["exact"]]
    assert rated
    for row in rated:
        usage = Usage(**{kind: int(row[kind]) for kind in kinds})  # type: ignore[arg-type]  # counts of tokens
        charge = price(catalog, claim.provider, as_told(row["sku"]), usage, datetime.fromisoformat(row["at"]))
        assert (str(charge.charged), str(charge.exact)) == (row["expected"], row["exact"])


def test_the_command_in_the_letter_gives_what_is_expected(
    capsys: pytest.CaptureFixture[str], packs: dict[str, tuple[Path, Dispute]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, claim = packs["plain"]
    (line,) = [line for line in (folder / "letter.md").read_text("utf-8").splitlines() if "tallystick price" in line]
    monkeypatch.chdir(folder)
    code, out, _ = call(capsys, *shlex.split(line)[1:], "--format", "json")
    rated = [request for request, charge in claim.examples if charge and charge.lines and request.exact is not None]
    assert (code, json.loads(out)["charged"]) == (0, str(rated[0].expected))


def test_examples_are_the_largest_of_each_finding_in_turn(packs: dict[str, tuple[Path, Dispute]]) -> None:
    folder, claim = packs["hostile"]
    rows, names = read_csv(folder / "rows.csv"), [each.id for each, _ in claim.findings]
    variances = {
        name: sorted((Decimal(row["variance"]) for row in rows if row["finding"] == name), reverse=True)
        for name in names
    }
    turns = [(name, variances[name][place]) for place in range(10) for name in names if place < len(variances[name])]
    assert [(request.finding, request.variance) for request, _ in claim.examples] == turns[:10]
    lines = read_csv(folder / "arithmetic.csv")
    for request, charge in claim.examples:
        of_it = {row["kind"]: row for row in lines if as_told(row["request_id"]) == request.request_id}
        assert Decimal(of_it["charged"]["amount"]) - Decimal(of_it["expected"]["amount"]) == request.variance
        assert not charge or {line.kind for line in charge.lines} <= set(of_it)


def test_digests_are_those_of_the_files_and_the_logs(pack: tuple[Path, Dispute]) -> None:
    folder, claim = pack
    lines = (folder / "SHA256SUMS").read_text("utf-8").splitlines()
    assert {name: digest for digest, _, name in (line.partition("  ") for line in lines)} == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir() if path.name != "SHA256SUMS"
    }  # fmt: skip
    logs = json.loads((folder / "manifest.json").read_text("utf-8"))["logs"]
    assert {log["name"] for log in logs} == {row["file"] for row in read_csv(folder / "rows.csv")}
    assert all("/" not in log["name"] for log in logs)
    assert claim.audit.catalog_digest in (folder / "rate_card.toml").read_text("utf-8")


def test_it_says_nothing_that_is_the_buyers_own_business(packs: dict[str, tuple[Path, Dispute]]) -> None:
    told = texts(packs["hostile"][0])
    assert {"letter.html", "rows.csv", "rows.xlsx:xl/worksheets/sheet1.xml"} <= set(told)
    assert [(name, word) for name, text in told.items() for word in PRIVATE if word in text] == []


def test_names_stay_names_everywhere(packs: dict[str, tuple[Path, Dispute]]) -> None:
    folder, claim = packs["hostile"]
    rows = read_csv(folder / "rows.csv")
    assert set(NAMES) <= {as_told(row["request_id"]) for row in rows}
    page = read((folder / "letter.html").read_text("utf-8"))
    assert not [tag for tag, _ in page.elements if tag in {"script", "img", "link", "iframe", "base"}]
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    shown = {text for _, text in page.texts}
    assert {request.request_id for request, _ in claim.examples} <= shown
    assert any(HOSTILE[0] in text for text in shown)
    markdown = (folder / "letter.md").read_text("utf-8")
    columns = {
        line.count(" |") for line in markdown.split("## What we ask for")[0].splitlines() if line.startswith("|")
    }
    assert len(columns) == 1
    told = "".join(line for line in markdown.splitlines(keepends=True) if not line.startswith("    "))
    assert "<script" not in told.replace("\\<", "")
    assert "\x1b" not in markdown
    assert "script-src 'none'" in (folder / "letter.html").read_text("utf-8")


def test_the_workbook_has_the_same_rows(packs: dict[str, tuple[Path, Dispute]]) -> None:
    folder, _ = packs["hostile"]
    book = openpyxl.load_workbook(folder / "rows.xlsx")
    heading, *cells = book["requests"].iter_rows()
    names = [cell.value for cell in heading]
    rows = read_csv(folder / "rows.csv")
    assert len(cells) == len(rows)
    assert {cell.data_type for row in cells for cell in row} <= {"s", "n", "inlineStr"}
    unread = openpyxl.utils.escape.unescape
    for row, told in zip(cells, rows, strict=True):
        for name, cell in zip(names, row, strict=True):
            value = unread(cell.value) if isinstance(cell.value, str) else cell.value
            expected: object = as_told(told[str(name)]).replace("\r", "\n") or None
            if isinstance(value, int | float):
                assert Decimal(str(value)) == Decimal(str(expected)), name
            else:
                assert (value and value.replace("\r", "\n")) == expected, name


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/Los_Angeles"])
def test_the_same_pack_is_the_same_bytes(
    packs: dict[str, tuple[Path, Dispute]], tmp_path: Path, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = packs["hostile"]
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    with an_audit(hostile=True) as audited:
        write_pack(tmp_path / "again", audited, claimed(audited.audit), sender=f"Buyer {HOSTILE[0]}")
    monkeypatch.undo()
    time.tzset()
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_folder_is_replaced_only_if_it_is_an_untouched_pack(tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    with an_audit() as audited:
        findings = claimed(audited.audit)
        folder.mkdir()
        write_pack(folder, audited, findings)
        write_pack(folder, audited, findings[:1])
        letter = folder / "letter.md"
        kept = letter.read_bytes() + b"We called you about it.\n"
        letter.write_bytes(kept)
        with pytest.raises(ExportError, match=r"letter\.md: was changed by hand"):
            write_pack(folder, audited, findings)
        assert letter.read_bytes() == kept
        (tmp_path / "mixed").mkdir()
        (tmp_path / "mixed" / "mine").write_text("mine", "utf-8")
        with pytest.raises(ExportError, match="mine: is not of a dispute pack"):
            write_pack(tmp_path / "mixed", audited, findings)
        with pytest.raises(ExportError, match="there is a file of that name"):
            write_pack(letter, audited, findings)
    assert {path.name for path in tmp_path.iterdir()} == {"pack", "mixed"}


def test_what_else_is_rated_in_the_ledger_meanwhile_changes_nothing(tmp_path: Path) -> None:
    with an_audit() as audited:
        ledger, rating = audited.ledger, audited.rating
        findings = claimed(audited.audit)
        write_pack(tmp_path / "before", audited, findings)
        balance_sheet(ledger, rating.catalog, "vendor")
        with pytest.raises(StaleRatingError, match="something else was rated since"):
            requests(rating, most=1)
        write_pack(tmp_path / "after", audited, findings)
        balance_sheet(ledger, rating.catalog, "vendor")
        write_workbook(tmp_path / "audit.xlsx", audited)
    assert texts(tmp_path / "before") == texts(tmp_path / "after")
    assert (tmp_path / "audit.xlsx").exists()


def test_rows_that_do_not_add_up_are_never_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Tally.add

    def miscounted(self: Tally, batch: pa.RecordBatch) -> None:
        real(self, batch)
        self.variance["F-001"] += 1

    monkeypatch.setattr(Tally, "add", miscounted)
    with an_audit() as audited, pytest.raises(ExportError, match=r"F-001: its rows are .* please report"):
        write_pack(tmp_path / "pack", audited, claimed(audited.audit))
    assert list(tmp_path.iterdir()) == []


def test_findings_are_chosen_by_name_and_of_one_vendor() -> None:
    with an_audit(provider=None) as audited:
        audit = audited.audit
    with pytest.raises(ExportError, match="dollars, vendor: choose one with --provider"):
        claimed(audit)
    by_sign = {each.id: each for each in audit.findings}
    over = [name for name, each in by_sign.items() if each.variance > 0 and each.provider == "vendor"]
    assert [each.id for each in claimed(audit, [over[1], over[0], over[0]])] == sorted(over[:2])
    with pytest.raises(ExportError, match="no finding F-999; there are: F-001"):
        claimed(audit, ["F-999"])
    with pytest.raises(ExportError, match="nothing to get back"):
        claimed(audit, [next(name for name, each in by_sign.items() if each.variance < 0)])
    assert Counter(each.provider for each in claimed(audit, over)) == {"vendor": len(over)}


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [log_line("msg_1"), log_line("msg_2", 2), log_line("msg_3", 1, project="secret-project")]
    Path("log.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    assert run(["import", "log.jsonl"]) == 0
    capsys.readouterr()
    code, out, _ = call(capsys, "export", "dispute", "--out", "pack", "--month", "2026-10", "--format", "json")
    told = json.loads(out)
    assert (code, told["provider"], told["due"][0]["to_credit"]) == (0, "aivideoapi", "0.34")
    assert sorted(told["files"]) == sorted(str(path) for path in Path("pack").iterdir())
    assert [row["request_id"] for row in read_csv(Path("pack/rows.csv"))] == ["msg_2"]
    code, out, _ = call(capsys, "export", "dispute", "--out", "none", "--month", "2026-11", "--format", "json")
    assert (code, json.loads(out)["files"], Path("none").exists()) == (0, [], False)
    code, _, err = call(capsys, "export", "dispute", "--finding", "F-009", "--out", "other")
    assert (code, Path("other").exists()) == (2, False)
    assert "no finding F-009; there are: F-001, F-002" in err
    for place, why in ((".", "you stand in this folder"), ("..", "is not of a dispute pack")):
        code, _, err = call(capsys, "export", "dispute", "--out", place)
        assert code == 3
        assert why in err

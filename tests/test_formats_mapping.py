"""Any CSV through a mapping file: what it says is taken at its word, and what it does not say is not guessed."""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from billing.errors import RefusedInputError
from billing.importing.mapping import Columns, Mapping, MappingFile, SkipRule, StatusRule, load_mapping
from billing.records import Ignored, Status, UsageRecord
from pricing.usage import Usage
from reports.cli import run
from tests.conftest import ROOT
from tests.table_logs import EVENT, ROW, Row, csv_of, read_table, records_in, refusal_of, rejects_in

HEAD = 'provider = "acme"\nunit = "USD"\n'
COLUMNS = '[columns]\nat = "at"\nsku = "sku"\ninput = "input"\noutput = "output"\ncharged = "charged"\n'


@pytest.fixture
def mapping(tmp_path: Path) -> "_Writer":
    """Return what writes a mapping file and reads it."""
    return _Writer(tmp_path / "acme.toml")


class _Writer:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, top: str = "", rest: str = "", columns: str = COLUMNS) -> Mapping:
        self.path.write_text(f"{HEAD}{top}\n{columns}{rest}\n", "utf-8")
        return load_mapping(self.path)

    def fault(self, top: str = "", rest: str = "", columns: str = COLUMNS) -> str:
        """Return the message that the mapping is refused with; it names the file."""
        with pytest.raises(RefusedInputError) as refused:
            self(top, rest, columns)
        assert str(refused.value).startswith(f"{self.path}: ")
        return str(refused.value)


def cell(name: str, value: str) -> str:
    """Return a table with one row in which one cell is another."""
    return csv_of([ROW | {name: value}], delimiter="|")


def test_decimal_comma_and_thousands(mapping: _Writer) -> None:
    german = mapping('zone = "UTC"\ndecimal_comma = true\nthousands = "."')
    for told, charged in (("1,25", "1.25"), ("1.234,5", "1234.5"), ("1.234.567", "1234567"), ("$0,5", "0.5")):
        (record,) = records_in(cell("charged", told), german)
        assert record.charged == Decimal(charged)
    (record,) = records_in(csv_of([ROW | {"input": "1.200", "charged": "1"}]), german)
    assert record.usage.input == 1200
    for told in ("1.25", "12.34,5", "1,2,3", "1,25,"):
        assert rejects_in(cell("charged", told), german)[0][2] == "charged"
    assert rejects_in(cell("charged", "1.234"), mapping("zone = 'UTC'\ndecimal_comma = true")) == [
        (2, "ambiguous_number", "charged")
    ]
    english = mapping('zone = "UTC"\nthousands = ","')
    (record,) = records_in(cell("charged", "1,234.5"), english)
    assert record.charged == Decimal("1234.5")


def test_what_stands_for_no_value(mapping: _Writer) -> None:
    told = mapping('zone = "UTC"\nempty = ["NULL", "-"]')
    for nothing in ("NULL", "-", "", "  "):
        (record,) = records_in(cell("charged", nothing), told)
        assert (record.charged, record.unit) == (None, None)
        assert rejects_in(cell("output", nothing), told) == [(2, "no_usage", "output")]
    assert rejects_in(cell("charged", "null"), told) == [(2, "bad_amount", "charged")]


@pytest.mark.parametrize(
    ("date_format", "zone", "told"),
    [
        ("%d/%m/%Y %H:%M", "Europe/Berlin", "04/03/2026 11:00"),
        ("%m/%d/%Y %I:%M %p", "America/New_York", "03/04/2026 05:00 AM"),
        ("%d.%m.%y %H:%M:%S %z", None, "04.03.26 15:30:00 +0530"),
        ("unix", None, "1772618400"),
        ("unix_ms", None, "1772618400000"),
        (None, None, "2026-03-04T11:00:00+01:00"),
        (None, "Asia/Kolkata", "2026-03-04 15:30"),
    ],
)
def test_times(mapping: _Writer, date_format: str | None, zone: str | None, told: str) -> None:
    lines = [f"date_format = '{date_format}'" if date_format else "", f'zone = "{zone}"' if zone else ""]
    (record,) = records_in(cell("at", told), mapping("\n".join(lines)))
    assert record.at == datetime(2026, 3, 4, 10, tzinfo=UTC)


def test_a_time_that_leaves_the_instant_open_is_rejected(mapping: _Writer) -> None:
    assert rejects_in(cell("at", "2026-03-04 10:00"), mapping()) == [(2, "time_without_zone", "at")]
    assert rejects_in(cell("at", "4.3.2026 10:00"), mapping('zone = "UTC"')) == [(2, "ambiguous_date", "at")]
    assert rejects_in(cell("at", "1772618400"), mapping('zone = "UTC"')) == [(2, "bad_time", "at")]
    berlin = mapping('zone = "Europe/Berlin"')
    assert rejects_in(cell("at", "2026-10-25 02:30"), berlin) == [(2, "time_ambiguous", "at")]
    by_day = mapping("date_format = '%d/%m/%Y %H:%M'\nzone = 'UTC'")
    assert rejects_in(cell("at", "03/13/2026 10:00"), by_day) == [(2, "bad_time", "at")]


def test_the_zone_of_the_command_line_wins(mapping: _Writer) -> None:
    (record,) = records_in(csv_of([ROW]), mapping('zone = "UTC"'), ZoneInfo("Asia/Kolkata"))
    assert record.at == datetime(2026, 3, 4, 4, 30, tzinfo=UTC)


def test_a_prompt_counts_what_the_cache_held(mapping: _Writer) -> None:
    names = ("prompt", "output", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_unsplit")
    columns = "[columns]\nsku = 'sku'\ncharged = 'charged'\n" + "".join(f"{name} = '{name}'\n" for name in names)
    told = mapping(columns=columns)
    row: Row = {"sku": "m", "charged": "1"} | dict(zip(names, ("100", "7", "10", "20", "30", "15"), strict=True))
    (record,) = records_in(csv_of([row]), told)
    assert record.usage == Usage(25, 7, 10, 20, 30, 15)
    assert rejects_in(csv_of([row | {"prompt": "74"}]), told) == [(2, "cached_exceeds_prompt", "prompt")]
    (without,) = records_in(csv_of([row | {"cache_read": ""}]), told)
    assert without.usage.input == 35


def test_how_requests_ended(mapping: _Writer) -> None:
    rule = '[status]\ncolumn = "state"\nfailed = ["error", "429"]\nincomplete = ["cut"]\nrefund = ["refund"]\n'
    states = ("done", "error", "429", "cut", "refund")
    text = csv_of([ROW | {"state": state} for state in states])
    records = records_in(text, mapping('zone = "UTC"', rule))
    assert [record.status.value for record in records] == ["ok", "failed", "failed", "incomplete", "refund"]
    charged = Decimal("0.0684")
    assert [record.charged for record in records] == [charged, charged, charged, charged, -charged]
    assert [record.usage.output for record in records] == [86, 0, 0, 86, 0]
    strict = mapping('zone = "UTC"', rule + 'ok = ["fine"]\n')
    assert rejects_in(text, strict) == [(2, "unknown_status", "status")]


def test_a_refund_may_carry_its_sign(mapping: _Writer) -> None:
    rule = '[status]\ncolumn = "sku"\nrefund = ["m"]\n'
    (record,) = records_in(cell("charged", "-0.5"), mapping('zone = "UTC"', rule))
    assert (record.charged, record.unit, record.status) == (Decimal("-0.5"), "USD", Status.REFUND)


def test_charges_that_were_floats_are_rounded_only_when_told(mapping: _Writer) -> None:
    noisy = cell("charged", "0.3000000000000412")
    assert rejects_in(noisy, mapping('zone = "UTC"')) == [(2, "amount_out_of_range", "charged")]
    (record,) = records_in(noisy, mapping('zone = "UTC"\nround_floats_to = 9'))
    assert record.charged == Decimal("0.3")


def test_digits_that_no_double_holds_are_no_money(mapping: _Writer) -> None:
    (record,) = records_in(cell("charged", "0.30000000000000004"), mapping('zone = "UTC"'))
    assert record.charged == Decimal("0.3")


@pytest.mark.parametrize(
    ("top", "rest", "message"),
    [
        ("thousnds = '.'", "", "thousnds: there is no such field; there are: provider, sku, unit"),
        ("", "outputs = 'x'", "columns.outputs: there is no such field; there are: request_id"),
        ("", "[skip]\nrow = 1\ncolumn = 'a'\nvalues = []", "skip.row: there is no such field; there are: column"),
        ("zone = 'Berlin'", "", "zone: no zone 'Berlin'; write it as Europe/Berlin"),
        ("date_format = '%d.%m.%Y'", "", "leaves open which instant is meant"),
        ("date_format = '%d.%m.%Y %I:%M'", "", "leaves open which instant is meant"),
        ("date_format = '%m-%d %H:%M'", "", "leaves open which instant is meant"),
        ("date_format = '%Y-%m-%d %H:%M %Z'", "", "use %z"),
        ("date_format = '%Y-%m-%d %H:%Q'", "", "is no pattern of strptime"),
        ("thousands = '.'", "", "thousands and the decimal mark can't be the same"),
        ("decimal_comma = true\nthousands = ','", "", "thousands and the decimal mark can't be the same"),
        ("decimal_comma = 'yes'", "", "decimal_comma: Input should be a valid boolean"),
        ("sku = 'x'", "", "say either columns.sku"),
        ("", "prompt = 'p'", "columns: name one of 'input'"),
        ("round_floats_to = 13", "", "round_floats_to: Input should be less than or equal to 12"),
        ("provider = 'again'", "", "not readable as TOML: Cannot overwrite a value (at line 3"),
    ],
)
def test_a_wrong_mapping_names_the_file_and_the_field(mapping: _Writer, top: str, rest: str, message: str) -> None:
    assert message in mapping.fault(top, rest)


def test_charge_and_unit_go_together(mapping: _Writer) -> None:
    without = COLUMNS.replace('charged = "charged"\n', "")
    assert "columns.charged and unit" in mapping.fault(columns=without)
    assert "columns.sku" in mapping.fault(columns=COLUMNS.replace('sku = "sku"\n', ""))
    assert "name one of 'input'" in mapping.fault(columns=COLUMNS.replace('input = "input"\n', ""))


def test_a_mapping_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RefusedInputError, match=r"no\.toml: the mapping can't be read: No such file"):
        load_mapping(tmp_path / "no.toml")


def test_a_table_that_lacks_a_column_is_refused(mapping: _Writer) -> None:
    told = mapping('zone = "UTC"', '[status]\ncolumn = "state"\n')
    message = refusal_of(csv_of([ROW]), told)
    assert message.startswith(
        f"some.csv: it has no column 'state', which {told.name} names; there are: 'at', 'charged'"
    )


def test_a_known_table_keeps_its_shape_beside_a_mapping(mapping: _Writer) -> None:
    (record,) = records_in(csv_of([EVENT]), mapping())
    assert record.provider == "cursor"


def test_real_traffic_through_a_mapping(shared: Path, mapping: _Writer) -> None:
    path = shared / "realdata" / "traces" / "AzureLLMInferenceTrace_code.csv"
    columns = '[columns]\nat = "TIMESTAMP"\nprompt = "ContextTokens"\noutput = "GeneratedTokens"\n'
    mapping.path.write_text(f'provider = "azure"\nsku = "code"\nzone = "UTC"\n{columns}', "utf-8")
    outcomes = read_table(path.read_bytes(), load_mapping(mapping.path))
    records = [told for told in outcomes if isinstance(told, UsageRecord)]
    assert Counter(type(told) for told in outcomes) == {UsageRecord: 8_819, Ignored: 1}
    rows = [line.split(",") for line in path.read_text("utf-8").split()[1:]]  # a date and a time are two words
    told_in = sum(int(row[1]) for row in rows if len(row) == 3)
    told_out = sum(int(row[2]) for row in rows if len(row) == 3)
    assert sum(record.usage.input for record in records) == told_in == 18_059_974
    assert sum(record.usage.output for record in records) == told_out == 245_896
    assert records[0].at == datetime(2023, 11, 16, 18, 17, 3, 979960, UTC)


def test_an_unknown_real_table_is_refused_with_the_remedy(shared: Path) -> None:
    content = (shared / "realdata" / "focus" / "focus_sample_1.0.csv").read_bytes()
    message = refusal_of(content)
    assert message.startswith("some.csv: the first line does not name the columns of a table that we know")
    assert "--mapping FILE" in message


def blocks(language: str) -> list[str]:
    """Return the blocks of that language in the document about mappings."""
    text = (ROOT / "docs" / "mapping.md").read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_example_of_the_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (table,), (told,), (command,) = blocks("csv"), blocks("toml"), blocks("console")
    (tmp_path / "usage.csv").write_text(table, "utf-8")
    (tmp_path / "acme.toml").write_text(told, "utf-8")
    request, failed, refund = records_in(table, load_mapping(tmp_path / "acme.toml"))
    assert (request.usage, request.charged) == (Usage(1000, 86, 200), Decimal("0.429"))
    assert (request.at, request.tags) == (datetime(2026, 3, 4, 9, tzinfo=UTC), (("team", "Suche"),))
    assert (failed.status, failed.charged) == (Status.FAILED, Decimal("0.015"))
    assert (refund.status, refund.charged) == (Status.REFUND, Decimal("-0.429"))
    assert isinstance(read_table(table, load_mapping(tmp_path / "acme.toml"))[-1], Ignored)
    assert run([*command.removeprefix("$ tallystick ").split(), "--format", "json"]) == 0
    total = json.loads(capsys.readouterr().out)["total"]
    assert (total["records"], total["rejected"], total["ignored"]) == (3, 0, 2)


def test_the_document_names_every_field() -> None:
    text = (ROOT / "docs" / "mapping.md").read_text("utf-8")
    told = set(re.findall(r"`([a-z0-9_.]+)`", "".join(re.findall(r"^\| (`.*?) \|", text, re.MULTILINE))))
    fields = set(MappingFile.model_fields) - {"columns", "status", "skip"}
    fields |= {f"columns.{name}" for name in Columns.model_fields}
    fields |= {f"status.{name}" for name in StatusRule.model_fields}
    assert told == fields | {f"skip.{name}" for name in SkipRule.model_fields}

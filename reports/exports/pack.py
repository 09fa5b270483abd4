"""The dispute pack: a folder to send to the vendor, there as a whole or not at all, and the same bytes every time."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from billing.audit import Audit, Finding
from pricing.amounts import digits
from pricing.excerpts import card_toml
from reports.exports.audited import Audited
from reports.exports.columns import AMOUNT, csv_lines, header_line
from reports.exports.dispute import Dispute, dispute
from reports.exports.files import ExportError, sha256, write_csv
from reports.exports.letter import FILES, letter_html, letter_markdown
from reports.exports.rows import ROWS, Tally, disputed, file_names
from reports.exports.sheets import NUMBERS_NOTE, workbook

_SUMS = "SHA256SUMS"
#: What is not in every pack.
_OPTIONAL = frozenset({"rate_card.toml"})
_ARITHMETIC: Mapping[str, pa.DataType] = {
    "finding": pa.string(), "request_id": pa.string(), "sku": pa.string(), "kind": pa.string(), "count": pa.int64(),
    "rate": AMOUNT, "per": pa.string(), "amount": AMOUNT, "unit": pa.string(),
}  # fmt: skip


def write_pack(folder: Path, audited: Audited, findings: tuple[Finding, ...], sender: str = "") -> Dispute:
    """Write the pack of these findings of one vendor into a folder, in the place of an untouched pack that is there.

    `sender` is who claims, in words for the letter. Raise ExportError if the folder holds anything else, or if the rows
    don't add up to the findings.
    """
    refuse_to_replace(folder)
    audited = audited.live()
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    try:
        beside.mkdir()
        claim = _fill(beside, audited, findings, sender)
        _take_the_place(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return claim


def refuse_to_replace(folder: Path) -> None:
    """Raise ExportError if that folder holds what is no pack of ours, or a pack that somebody has worked on."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ExportError(f"{folder}: there is a file of that name; name a folder with --out")
    if folder.samefile("."):  # it would be taken away from under whoever stands in it
        raise ExportError(f"{folder}: you stand in this folder; name another with --out")
    known = _sums(folder)
    for path in sorted(folder.iterdir()):
        if path.name != _SUMS and (not path.is_file() or known.get(path.name) != sha256(path)):
            what = "was changed by hand" if path.name in known else "is not of a dispute pack"
            raise ExportError(f"{path}: {what}, so nothing was written; name another folder with --out")


def _fill(folder: Path, audited: Audited, findings: tuple[Finding, ...], sender: str) -> Dispute:
    names, tally = file_names(audited.ledger), Tally()
    _write_rows(folder, audited.audit, disputed(audited, findings, names, tally))
    tally.check(findings)
    claim = dispute(audited, findings, tally, names)
    with (folder / "arithmetic.csv").open("wb") as file:
        lines = pa.Table.from_pylist(list(_arithmetic(claim)), schema=pa.schema(_ARITHMETIC))
        write_csv(file, lines.schema, lines.to_batches())
    texts = dict(_facts(claim))
    files = [name for name in FILES if name not in _OPTIONAL or name in texts]
    texts |= {"letter.html": letter_html(claim, files, sender), "letter.md": letter_markdown(claim, files, sender)}
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
    sums = [f"{sha256(folder / name)}  {name}\n" for name in sorted(files) if name != _SUMS]
    (folder / _SUMS).write_bytes("".join(sums).encode())
    return claim


def _write_rows(folder: Path, audit: Audit, rows: Iterable[pa.RecordBatch]) -> None:
    """Write the rows as CSV and as a workbook, in one go."""
    with ExitStack() as stack:
        file, other = (stack.enter_context((folder / name).open("wb")) for name in ("rows.csv", "rows.xlsx"))
        book = stack.enter_context(workbook(other, "Disputed requests"))
        sheet = book.rows("requests", ROWS.names)
        file.write(header_line(ROWS))
        for batch in rows:
            file.write(csv_lines(batch))
            sheet.add_batch(batch)
        book.sheet("about", ("name", "value"), list(_about(audit, sheet.rows, sheet.sheets)))


def _about(audit: Audit, rows: int, sheets: int) -> Iterator[tuple[str, object]]:
    yield "requests", rows
    yield "sheets of requests", sheets
    yield "rate cards", f"{audit.catalog_version}, digest {audit.catalog_digest}"
    yield "digest of all logs", audit.input_digest
    yield "times", "UTC"
    yield "numbers", NUMBERS_NOTE


def _facts(claim: Dispute) -> Iterator[tuple[str, str]]:
    """Yield the files for programs, name and text."""
    yield "manifest.json", json.dumps(_manifest(claim), indent=2, ensure_ascii=False, default=_plain) + "\n"
    if claim.card is not None:
        heading = (
            f"The rates that disputed requests to {claim.provider} were rated by, each for the time it was in force.",
            f"From the rate cards {claim.audit.catalog_version}, digest {claim.audit.catalog_digest}.",
        )
        yield "rate_card.toml", card_toml(claim.card, heading)


def _arithmetic(claim: Dispute) -> Iterator[dict[str, object]]:
    for request, charge in claim.examples:
        common = {"finding": request.finding, "request_id": request.request_id, "sku": request.sku,
                  "unit": request.unit}  # fmt: skip
        for line in () if charge is None else charge.lines:
            per = "call" if line.is_fee else "1M tokens"
            yield common | {
                "kind": line.kind, "count": line.count, "rate": line.rate, "per": per, "amount": line.amount,
            }  # fmt: skip
        for name, amount in (
            ("exact", request.exact), ("expected", request.expected), ("charged", request.charged),
            ("variance", request.variance), ("refunded", request.refunded),
        ):  # fmt: skip
            yield common | {"kind": name, "amount": amount}


def _manifest(claim: Dispute) -> dict[str, object]:
    audit = claim.audit
    return {
        "schema_version": 1,
        "title": claim.title,
        "provider": claim.provider,
        "due": [asdict(each) for each in claim.due],
        "undercharged": [asdict(each) for each in claim.undercharged],
        "unchecked": claim.unchecked,
        "findings": [asdict(each) | {"to_credit": sums.to_credit} for each, sums in claim.findings],
        "tolerance": audit.tolerance,
        "catalog": {"version": audit.catalog_version, "digest": audit.catalog_digest},
        "input_digest": audit.input_digest,
        "logs": [asdict(each) for each in claim.sources],
    }


def _plain(value: object) -> str | None:
    match value:
        case Decimal():
            return digits(value)
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"no JSON for {type(value).__name__}")


def _sums(folder: Path) -> dict[str, str]:
    """Return what the folder's own list says of its files; nothing if it has none."""
    try:
        lines = (folder / _SUMS).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return {}
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _take_the_place(beside: Path, folder: Path) -> None:
    """Put a finished folder in the place of one that is there."""
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        folder.rename(old)
    beside.rename(folder)
    shutil.rmtree(old, ignore_errors=True)

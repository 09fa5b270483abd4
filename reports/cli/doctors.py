"""`doctor` and `backup`: whether a ledger is whole, and a copy that is known to be."""

from dataclasses import asdict
from pathlib import Path

import click

from billing.backup import back_up
from billing.doctor import examine
from reports.cli.options import ledger_option, options, output_option, quiet_option
from reports.cli.output import Result, Table, write


@click.command()
@options(ledger_option, output_option, quiet_option)
def doctor(*, ledger: Path, output_format: str | None, quiet: bool) -> int:
    """Check every column and control total of the ledger; nothing is changed.

    Exits with 1 if a check fails; its message says what to do.
    """
    checks = examine(ledger)
    failed = sum(not check.ok for check in checks)
    rows = [(check.name, "ok" if check.ok else "FAILED", check.message) for check in checks]
    summary = f"{failed} of {len(checks)} checks failed." if failed else f"All {len(checks)} checks are well."
    data = {"checks": [asdict(check) for check in checks]}
    write(Result(data, (Table("Doctor", ("check", "result", "message"), rows),), summary), output_format)
    return 1 if failed else 0


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@options(ledger_option, output_option, quiet_option)
def backup(*, path: Path, ledger: Path, output_format: str | None, quiet: bool) -> int:
    """Copy the ledger and its receipt to PATH, and check the copy; an existing file is never written over."""
    copy = back_up(ledger, path)
    summary = f"{copy.path}: {copy.bytes:,} bytes, SHA-256 {copy.sha256}; every check of the copy is well."
    row = (str(copy.path), copy.bytes, copy.sha256)
    write(Result(asdict(copy), (Table("Backup", ("path", "bytes", "sha256"), (row,)),), summary), output_format)
    return 0

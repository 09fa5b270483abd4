"""The command line. This module stays light: what a command needs is imported when it runs."""

import importlib
import io
import sys
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

SETTINGS_FILE = "tallystick.toml"
#: What it may say, and as what.
_SETTINGS: Mapping[str, tuple[type, ...]] = {
    "ledger": (str,), "rate_cards": (str,), "format": (str,), "quiet": (bool,), "tolerance": (str, int, Decimal),
    "budgets": (list,), "grants": (dict,), "models": (dict,),
}  # fmt: skip
#: Where it is shown what to write into settings that are tables; the others are options too.
_SHOWN: Mapping[str, str] = {
    "budgets": "[[budgets]] above the name and the amount of each is what docs/statement.md shows",
    "grants": "[grants.aivideoapi] above an order is what docs/grants.md shows",
    "models": '[models] takes lines such as "claude-opus-4-5" = "claude-opus-4-6"',
}
USAGE_ERROR, REFUSED, INTERRUPTED = 2, 3, 130

#: The commands, the module and function that each one is, and what it does. Nothing of it is imported for `--help`.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "audit": ("reports.cli.audits:audit", "Hold every charge against the rate card in force."),
    "backup": ("reports.cli.doctors:backup", "Copy the ledger and check the copy."),
    "balance": ("reports.cli.accounts:balance", "Show lots of credits, and what is missing between readings."),
    "catalog": ("reports.cli.catalogs:catalog", "List, check and compare rate cards."),
    "compare": ("reports.cli.comparisons:compare", "Price the same basket at every vendor of a model."),
    "conflicts": ("reports.cli.imports:conflicts", "List records whose id was taken by other money or other usage."),
    "demo": ("reports.cli.demos:demo", "Take simulated sample data the whole way, to a page you can open."),
    "doctor": ("reports.cli.doctors:doctor", "Check every column and control total of the ledger."),
    "explain": ("reports.cli.explains:explain", "Show the arithmetic of one request."),
    "export": ("reports.cli.exports:export", "Write files for other tools, and for the vendor."),
    "import": ("reports.cli.imports:import_", "Load usage logs into the ledger."),
    "infer": ("reports.cli.infers:infer", "Find rates and rounding from the charges alone."),
    "price": ("reports.cli.prices:price", "Say what one request costs."),
    "reconcile": ("reports.cli.invoices:reconcile", "Match an invoice with the ledger and the rate card."),
    "rejects": ("reports.cli.imports:rejects", "List what was not taken from the logs, and why."),
    "report": ("reports.cli.pages:report", "Write HTML pages."),
    "restate": ("reports.cli.invoices:restate", "Show a closed period as closed and as known now."),
    "statement": ("reports.cli.statements:statement", "State what a month cost, for whom, against which budget."),
    "top-up": ("reports.cli.accounts:top_up", "Note what was bought of a provider's credits."),
}


class LazyGroup(click.Group):
    """A group that imports a command when it is called, so that `--help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the base class's signature
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command of that name, with the settings as defaults of it and of what is in it."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        settings = _settings()
        within = command.commands if isinstance(command, click.Group) else ()
        ctx.default_map = {cmd_name: settings | dict.fromkeys(within, settings)}
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        """Write what each command does, without importing it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tallystick")
def cli() -> None:
    """Keep the buyer's half of the bill for language-model tokens.

    Start with `tallystick demo`, or with `tallystick import PATH` and `tallystick audit`.
    """


def main() -> None:
    """Run the command line and leave with the exit code that scripts rely on; never with a traceback for bad input."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What is written is the same in every locale, and a file's name need not be UTF-8.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code: 0 well, 1 variance, 2 usage, 3 refused, 4 unpriced, 130 interrupted."""
    try:
        code = cli.main(arguments, prog_name="tallystick", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; nothing is half done", err=True)
        return INTERRUPTED
    except MemoryError:
        click.echo(
            "tallystick: not enough memory; what is in the ledger is whole, the rest is to be done again", err=True
        )
        return REFUSED
    except OSError as error:
        click.echo(f"tallystick: {error.filename}: {error.strerror}", err=True)
        return REFUSED
    except Exception as error:
        if (told := _told(error)) is None:
            raise
        click.echo(f"tallystick: {error}", err=True)
        return told
    return code if isinstance(code, int) else 0


def _told(error: Exception) -> int | None:
    """Return the exit code of an error that is one of ours; None for a fault of this program."""
    from billing.errors import BillingError, UnknownRequestError  # noqa: PLC0415 - only when something went wrong
    from pricing.errors import PricingError, UnknownNameError  # noqa: PLC0415 - the same

    if isinstance(error, UnknownRequestError | UnknownNameError):
        return USAGE_ERROR
    return REFUSED if isinstance(error, BillingError | PricingError) else None


def _settings() -> dict[str, Any]:
    """Read tallystick.toml of the working folder: options by their names, under environment and command line."""
    path = Path(SETTINGS_FILE)
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as file:
            raw = tomllib.load(file, parse_float=Decimal)
    except (OSError, ValueError, ArithmeticError, RecursionError) as error:
        raise click.UsageError(f"{path}: not readable as TOML: {error}") from None
    if unknown := raw.keys() - _SETTINGS:
        raise click.UsageError(f"{path}: unknown setting {min(unknown)!r}; there are: {', '.join(sorted(_SETTINGS))}")
    if isinstance(raw.get("rate_cards"), str):
        raw["rate_cards"] = [raw["rate_cards"]]
    for name, value in raw.items():
        parts = value if name == "rate_cards" and isinstance(value, list) else [value]
        if any(type(part) not in _SETTINGS[name] for part in parts):
            remedy = _SHOWN.get(name, "see `tallystick audit --help`")
            raise click.UsageError(f"{path}: {name!r} can't be {value!r}; {remedy}")
    if not all(isinstance(name, str) for name in raw.get("models", {}).values()):
        raise click.UsageError(f"{path}: {_SHOWN['models']}")
    raw["models"] = tuple(raw.get("models", {}).items())
    return {"output_format" if name == "format" else name: value for name, value in raw.items()}

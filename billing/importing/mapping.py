"""A mapping file: which column of a table is which field of a usage record, and how the table writes."""

import tomllib
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationError, model_validator

from billing.errors import RefusedInputError
from billing.importing.formats.cells import UNIX, UNIX_MS, Notation
from billing.records import Status
from pricing.amounts import PICO_DIGITS
from pricing.rates import Several, Strict

#: The hour tells a format that has only twelve of them.
_SAMPLE = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
_CURRENCY = {"USD": "$"}


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which column is which field: `columns` by the names of UsageRecord and Usage, beside `prompt`; `tags` by tag.

    `name` is the file's. `statuses` tells what a value of `status_column` means; a value that is not among them is
    Status.OK, or with `is_ok_listed` a reject. A row whose `skip_column` holds one of `skipped` is no request.
    """

    name: str
    provider: str
    sku: str | None
    unit: str | None
    columns: Dict[str, str]
    tags: Dict[str, str]
    notation: Notation
    status_column: str | None = None
    statuses: Dict[str, Status] = field(default_factory=dict)
    is_ok_listed: bool = False
    skip_column: str | None = None
    skipped: frozenset[str] = frozenset()

    @property
    def needed(self) -> frozenset[str]:
        """The columns that a table must have."""
        others = {self.status_column, self.skip_column} - {None}
        return frozenset({*self.columns.values(), *self.tags.values(), *(name for name in others if name)})


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file. Raise RefusedInputError that names the file and each place that is wrong in it."""
    try:
        with path.open("rb") as file:
            raw = tomllib.load(file, parse_float=Decimal)
    except OSError as error:
        raise RefusedInputError(f"{path}: the mapping can't be read: {error.strerror or error}") from None
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise RefusedInputError(f"{path}: the mapping is not readable as TOML: {error}") from None
    try:
        return MappingFile.model_validate(raw).mapping(str(path))
    except ValidationError as error:
        faults = (_fault(fault["loc"], fault["type"], fault["msg"]) for fault in error.errors())
        raise RefusedInputError("\n".join(f"{path}: mapping: {fault}" for fault in faults)) from None


def _fault(loc: tuple[int | str, ...], kind: str, message: str) -> str:
    place = ".".join(map(str, loc)) or "file"
    if kind != "extra_forbidden":
        return f"{place}: {message.removeprefix('Value error, ')}"
    parts: dict[str, type[Strict]] = {"columns": Columns, "status": StatusRule, "skip": SkipRule}
    model = parts.get(str(loc[0]), MappingFile) if len(loc) > 1 else MappingFile
    return f"{place}: there is no such field; there are: {', '.join(model.model_fields)}"


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"no zone {name!r}; write it as Europe/Berlin or UTC") from None
    return name


def _date_format(pattern: str) -> str:
    if pattern in (UNIX, UNIX_MS):
        return pattern
    if "%Z" in pattern:
        raise ValueError("%Z reads names of zones without believing them; use %z, or leave it out and give 'zone'")
    try:
        told = datetime.strptime(_SAMPLE.strftime(pattern), pattern)  # noqa: DTZ007 - compared without a zone
    except ValueError as error:
        raise ValueError(f"{pattern!r} is no pattern of strptime, such as %d.%m.%Y %H:%M: {error}") from None
    if told.replace(tzinfo=UTC) != _SAMPLE:
        raise ValueError(f"{pattern!r} leaves open which instant is meant; name year, month, day and hour (of 24)")
    return pattern


_Text = Annotated[str, Field(min_length=1)]
_Zone = Annotated[str, AfterValidator(_zone)]
_DateFormat = Annotated[str, AfterValidator(_date_format)]


class Columns(Strict):
    """The columns' names in the table. `input` leaves out what a cache held, `prompt` counts it in."""

    request_id: _Text | None = None
    client_request_id: _Text | None = None
    at: _Text | None = None
    sku: _Text | None = None
    input: _Text | None = None
    prompt: _Text | None = None
    output: _Text | None = None
    cache_read: _Text | None = None
    cache_write_5m: _Text | None = None
    cache_write_1h: _Text | None = None
    cache_write_unsplit: _Text | None = None
    charged: _Text | None = None
    project: _Text | None = None
    api_key_id: _Text | None = None
    tags: dict[_Text, _Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_input(self) -> Self:
        if (self.input is None) == (self.prompt is None):
            raise ValueError("name one of 'input' (tokens outside the cache) and 'prompt' (all that went in)")
        return self

    def named(self) -> dict[str, str]:
        """Return the fields that have a column."""
        return {name: column for name, column in self if name != "tags" and column is not None}


class StatusRule(Strict):
    """The column that tells how a request ended, and what its values mean. With `ok`, every value must be listed."""

    column: _Text
    ok: Several[_Text] = ()
    failed: Several[_Text] = ()
    incomplete: Several[_Text] = ()
    refund: Several[_Text] = ()

    def meanings(self) -> dict[str, Status]:
        """Return the status that each value stands for."""
        return {value: status for status in Status for value in getattr(self, status.value, ())}


class SkipRule(Strict):
    """Rows that are no requests, such as totals: those that hold one of these values in this column."""

    column: _Text
    values: Several[_Text]


class MappingFile(Strict):
    """A mapping as its file holds it."""

    provider: _Text
    sku: _Text | None = None
    unit: Literal["USD", "credit"] | None = None
    zone: _Zone | None = None
    date_format: _DateFormat | None = None
    decimal_comma: bool = False
    thousands: Literal[",", ".", "'", "_", " ", "\u00a0", "\u202f", "\u2019"] | None = None
    round_floats_to: Annotated[int, Field(ge=0, le=PICO_DIGITS)] | None = None
    empty: Several[_Text] = ()
    columns: Columns
    status: StatusRule | None = None
    skip: SkipRule | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.sku is None) == (self.columns.sku is None):
            raise ValueError("say either columns.sku, the column of the model, or sku, the model of all rows")
        if (self.unit is None) != (self.columns.charged is None):
            raise ValueError("columns.charged and unit (USD or credit) are told together or not at all")
        if self.thousands == ("," if self.decimal_comma else "."):
            raise ValueError(
                "thousands and the decimal mark can't be the same; a decimal comma needs decimal_comma = true"
            )
        return self

    def mapping(self, name: str) -> Mapping:
        """Return the mapping of a file of that name."""
        notation = Notation(
            decimal_comma=self.decimal_comma,
            thousands=self.thousands or "",
            currency=_CURRENCY.get(self.unit or "", ""),
            round_to=self.round_floats_to,
            date_format=self.date_format,
            zone=ZoneInfo(self.zone) if self.zone else None,
            empty=frozenset(self.empty),
        )
        return Mapping(
            name, self.provider, self.sku, self.unit, self.columns.named(), self.columns.tags, notation,
            self.status.column if self.status else None,
            self.status.meanings() if self.status else {},
            is_ok_listed=bool(self.status and self.status.ok),
            skip_column=self.skip.column if self.skip else None,
            skipped=frozenset(self.skip.values if self.skip else ()),
        )  # fmt: skip

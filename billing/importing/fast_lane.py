"""The fast lane: the engine itself reads the plain lines of a log and leaves all others to the strict readers.

A line is plain if it can be read in one way only: no key that is read stands in it twice, tokens are whole numbers, the
charge has no more digits than a double holds, the time has a zone, ids are short, and no usage member is unknown. Any
doubt leaves the line to the strict readers, which would make the same record of a plain one: the lanes differ in speed
alone. Read strictly a line costs some 50 us of CPU; here 3, of which the engine's bare scan is one.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from billing.importing.formats import Log
from billing.importing.formats.fields import BadFieldError, clean, code, tags
from billing.importing.formats.pieces import texts
from billing.importing.plain_text import PlainText
from billing.importing.strict_json import StrictJSONError, loads
from billing.ledger import Ledger
from billing.queries import chain, statement
from billing.records import Outcome, Reading, UsageRecord, tags_text

#: For a text of fewer bytes the scan, which has a price of its own, is no quicker than the strict readers.
WORTHWHILE_BYTES: Final = 2**18

#: A vendor's code of an error, as JSON.
CODE: Final = '"[A-Za-z][A-Za-z0-9_.-]{1,100}"'
#: Texts of few values: each value is checked once, by the strict readers' own rule.
TEXTS: Final[Mapping[str, Callable[[str, str], str]]] = MappingProxyType({
    "provider": clean, "sku": clean, "service_tier": clean, "project": clean, "api_key_id": clean,
    "error_code": lambda value, key: code({key: value}, key) or "", "error_type": clean,
})  # fmt: skip
#: What a JSON value that is no text looks like once the engine has made a text of it.
_NO_TEXT = re.compile(r"[\[{\"]|-?(?:\d+(?:[.e].*)?|nan|inf|infinity|true|false)$", re.IGNORECASE)


class Lane(Enum):
    """How a log is read: one lane after the other is tried."""

    FAST = "fast"
    """The engine reads; it stops at a line that is no JSON, or in which a key that is read stands twice."""
    DAMAGED = "damaged"
    """The engine reads, and passes over such lines; it takes half as long again."""
    STRICT = "strict"
    """Every line is read by the strict readers."""


class NotPlainError(Exception):
    """This lane can't read the log. What it did so far is to be undone."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What the engine took of a log, and the outcomes of the lines that it left."""

    records: int
    staged: int
    """How many of the records wait in the stage; the others are in the ledger."""
    ignored: int
    """Lines that are no records."""
    outcomes: Iterator[Outcome]


@dataclass(frozen=True, slots=True)
class FastLane:
    """A log to be read by the engine in that lane, inside a transaction, as the load of that number."""

    ledger: Ledger
    log: Log
    text: PlainText
    reading: Reading
    file_id: int
    lane: Lane

    def scan(self) -> Scan:
        """Read the plain lines: into the ledger, or where some are to be taken back, into the stage.

        Raise NotPlainError if the log has to be read in another lane.
        """
        if self.log.read_lines is None or self.reading.by_content:
            raise NotPlainError
        try:
            self._take()
        except duckdb.Error:
            raise NotPlainError from None
        if not self.text.opened.is_at_rest():
            raise NotPlainError
        self._leave_doubtful()
        left = self._left_lines()
        ignored = self._change("DELETE FROM {table} WHERE file_id = $file_id AND status = 'ignored'")
        records = self.text.lines - ignored - len(left)
        return Scan(records, records if self._table == "stage" else 0, ignored, self._read(left))

    @property
    def _table(self) -> str:
        """Where the records go: of what is taken back from the ledger in a transaction, COMMIT writes the rest anew."""
        return "stage" if self.lane is Lane.DAMAGED or self.log.shape == "claude_code" else "usage_records"

    def _take(self) -> None:
        shape, path = self.log.shape, self.text.engine_path
        told = {"lines": f"({statement(f'lines_{shape}')})", "told": f"({statement(f'told_{shape}')})"}
        self._change(
            f"INSERT INTO {{table}} BY NAME {chain('counted', 'plain', 'hashed', taking=told)}",
            paths=[path], file_ids=[self.file_id], starts=[0], is_damaged=self.lane is Lane.DAMAGED,
            provider=self.reading.provider, code=CODE,
        )  # fmt: skip
        if self.lane is Lane.DAMAGED:
            keys = {"keys": f"({statement(f'keys_{shape}')})"}
            ambiguous = chain("ambiguous", taking=keys)
            self._change("DELETE FROM {table} WHERE file_id = $file_id AND line IN (" + ambiguous + ")", path=path)  # noqa: S608 - ours

    def _leave_doubtful(self) -> None:
        """Take back the records with a text that the strict readers would not store as it is; write tags as they do.

        All of a column at once: each statement goes by all records, and texts may be as many as they.
        """
        # The engine counts no blank lines.
        self._take_back("line", [number - bisect_left(self.text.blank, number) for number in self.text.deep])
        for column, check in TEXTS.items():
            self._take_back(column, [value for value in self._values(column) if not is_plain(value, column, check)])
        doubtful: list[str] = []
        written: dict[str, str | None] = {}
        for value in self._values("tags"):
            try:
                written[value] = _stored_tags(value)
            except (BadFieldError, StrictJSONError):
                doubtful.append(value)
        self._take_back("tags", doubtful)
        self._write_tags({told: stored for told, stored in written.items() if stored != told})

    def _values(self, column: str) -> list[str]:
        query = "SELECT DISTINCT {column} FROM {table} WHERE file_id = $file_id AND {column} IS NOT NULL"
        return [value for (value,) in self._rows(query.replace("{column}", column))]

    def _take_back(self, column: str, values: Sequence[object]) -> None:
        if values:
            among = f"{column} IN (SELECT UNNEST($values))"
            self._change(f"DELETE FROM {{table}} WHERE file_id = $file_id AND {among}", values=values)  # noqa: S608 - ours

    def _write_tags(self, written: Mapping[str, str | None]) -> None:
        if written:
            rename = """
                UPDATE {table} SET tags = CAST(w.stored AS VARCHAR)
                FROM (SELECT UNNEST($told) AS told, UNNEST($stored) AS stored) AS w
                WHERE file_id = $file_id AND {table}.tags = w.told"""
            self._change(rename, told=list(written), stored=list(written.values()))

    def _left_lines(self) -> set[int]:
        """Return the numbers of the lines that the engine left; put right those it took: it counts no blank ones."""
        ((taken, last),) = self._rows("SELECT COUNT(*), MAX(line) FROM {table} WHERE file_id = $file_id")
        if taken == self.text.lines:
            return set()
        if last is not None and self.text.blank and self.text.blank[0] <= last:
            self._renumber()
        self._check_numbers()
        is_left = np.ones(self.text.lines + 1, np.bool_)
        query = f"SELECT line FROM {self._table} WHERE file_id = $file_id"  # noqa: S608 - ours
        for lines in self.ledger.arrow(query, {"file_id": self.file_id}).column(0).chunks:
            is_left[np.from_dlpack(lines)] = False  # other ways load pandas
        return set((np.flatnonzero(is_left[1:]) + 1).tolist())

    def _renumber(self) -> None:
        """Give the records the numbers of lines of the file, of which the engine passed over the blank ones."""
        numbers = np.delete(np.arange(1, self.text.lines + 1, dtype=np.int64), np.array(self.text.blank) - 1)
        lines = pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers.data)])
        self.ledger.connection.register("numbers", pa.table({"line": lines}))
        self._change("""
            UPDATE {table} SET line = n.line
            FROM (SELECT ROW_NUMBER() OVER () AS nth, line FROM numbers) AS n
            WHERE file_id = $file_id AND {table}.line = n.nth AND n.line <> n.nth""")
        self.ledger.connection.unregister("numbers")

    def _check_numbers(self) -> None:
        """Hold the last record against its line: were any line before it told twice or passed over, it would differ.

        Its id alone would not tell, where neighbours are the same request.
        """
        last = """
            SELECT line, request_id, used_at, input, output
            FROM {table}
            WHERE file_id = $file_id AND status <> 'ignored'
            ORDER BY line DESC LIMIT 1"""
        for line, request_id, *told in self._rows(last):
            (read,) = self._read({line})
            if not isinstance(read, UsageRecord) or request_id not in (read.request_id, read.client_request_id):
                raise NotPlainError
            if told != [read.at, read.usage.input, read.usage.output]:
                raise NotPlainError

    def _read(self, lines: Iterable[int]) -> Iterator[Outcome]:
        """Give those lines to the strict readers."""
        return self.log.read_lines(texts(self.text.some_lines(lines))) if self.log.read_lines else iter(())

    def _rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        return self.ledger.rows(query.replace("{table}", self._table), {"file_id": self.file_id, **values})

    def _change(self, query: str, **values: object) -> int:
        """Run a statement on our table and return how many rows it changed."""
        return self.ledger.change(query.replace("{table}", self._table), {"file_id": self.file_id, **values})


def is_plain(value: str, column: str, check: Callable[[str, str], str]) -> bool:
    """Tell whether the strict readers would store a text of that column as it is."""
    try:
        return not _NO_TEXT.match(value) and check(value, column) == value
    except BadFieldError:
        return False


def _stored_tags(told: str) -> str | None:
    """Return tags as the ledger holds them; raise BadFieldError where the engine may have written a number anew."""
    value = loads(told)
    if isinstance(value, dict) and any(isinstance(said, Decimal) for said in value.values()):
        raise BadFieldError("bad_text", "tags")
    return tags_text(dict(tags({"tags": value}, "tags")))

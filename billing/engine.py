"""The seam between questions and whoever answers them: SQL text in the portable subset, and a few calls.

An engine binds a view to Parquet, defines a view, fetches a small result as Arrow and writes a big one to Parquet. What
a question notes on its way (rates, causes, requests that do not match) are tables of its session. The ledger, which is
DuckDB, is an engine; `billing.spark` is another, for usage that outgrows one machine. Both run the same files of `sql`,
with values bound to the same names, and give the same digits.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

if TYPE_CHECKING:
    from billing.ledger import Ledger

#: The relations of a folder of canonical Parquet that questions read, each a folder of its own, and those of requests.
RELATIONS = ("usage_records", "conflicts", "files", "rejects", "account_entries", "balance_snapshots")
_OF_REQUESTS = frozenset({"usage_records", "conflicts"})


class Engine(Protocol):
    """Where usage lies, and what runs SQL on it. Times are UTC; whole numbers and decimals never wrap or round."""

    @property
    def path(self) -> Path | str:
        """Where the usage lies, as messages name it."""

    @property
    def laid(self) -> dict[str, object]:
        """Whose the tables of this session are: a rating notes itself when it lays its own."""

    @property
    def narrow(self) -> Mapping[str, str]:
        """The types that amounts of ordinary size are computed in: `billing.queries.NARROW`, or what serves here."""

    def bind(self, view: str, folder: Path | str) -> None:
        """Let a view read all Parquet files of a folder."""

    def define(self, view: str, query: str) -> None:
        """Define a view of this session; it is computed anew each time it is read."""

    def arrow(self, query: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Return a small result, decimals and times intact."""

    def write(self, query: str, folder: Path | str, parameters: Mapping[str, object] | None = None) -> None:
        """Write a big result as Parquet files into a folder that is not there yet."""

    def rows(self, query: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of a small result; times are aware and in UTC."""

    def lay(self, table: str, rows: Sequence[Mapping[str, object]], like: str | None = None) -> None:
        """Put rows of ours into a table of this session, with the columns of sql/<table>.sql or sql/<like>.sql."""

    def append(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Put more rows, each with a value for every column, into such a table."""

    def keep(
        self, table: str, query: str, parameters: Mapping[str, object] | None = None, number: str | None = None
    ) -> None:
        """Keep the rows of a query for this session, computed once.

        `number` names one more column that tells each row from all others. The rows are requests then, each with its
        `provider` and `request_id`.
        """

    def keep_few(self, table: str, query: str, parameters: Mapping[str, object] | None = None) -> None:
        """Keep the rows of a query for this session that are few, however much usage there is."""

    def here(self, *tables: str) -> "Ledger":
        """Return a DuckDB of this process with the rows of these tables, which are sums and few."""

    def add(self, table: str, query: str, parameters: Mapping[str, object] | None = None) -> None:
        """Put the rows of a query beside those of a table that is kept."""


def bind_usage(engine: Engine, folder: Path | str) -> None:
    """Let an engine read a folder of canonical Parquet where it would read a ledger's tables."""
    for relation in RELATIONS:
        bind_relation(engine, relation, folder)


def bind_relation(engine: Engine, relation: str, folder: Path | str) -> None:
    """Let an engine read one relation of such a folder."""
    engine.bind(f"canonical_{relation}", f"{folder}/{relation}")
    own_hash = ", id_hash(request_id) AS id_hash" if relation in _OF_REQUESTS else ""
    engine.define(relation, f"SELECT *{own_hash} FROM canonical_{relation}")  # noqa: S608 - our own names

"""How Parquet holds its records: typed columns, whose pages are checked against their sums as they are read."""

import shutil
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from billing.errors import RefusedInputError
from billing.importing.formats.pieces import Item

_BATCH = 4096
_CHUNK_BYTES = 2**20
_DAMAGED = "this Parquet file is cut or damaged; fetch it again"
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - for times that have no zone
_PLACES = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_SCALARS = (
    pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_timestamp,
    pa.types.is_date, pa.types.is_null,
)  # fmt: skip


class ParquetTable:
    """A Parquet file that begins with `start` and goes on with the bytes of `file`.

    Parquet is read from its end, and logs come as streams: so the bytes are put into a file without a name, which is
    gone when this is. Of columns of text each word is held once, as it is in the file, so that a small file can't grow
    without bounds. What columns say about themselves is left alone: asked of a damaged file, pyarrow ends the process.
    Raise RefusedInputError, naming the file, if it is damaged.
    """

    def __init__(self, start: bytes, file: BinaryIO, name: str) -> None:
        self.name = name
        whole = TemporaryFile()  # noqa: SIM115 - closed below, when nobody reads any more
        weakref.finalize(self, whole.close)
        whole.write(start)
        shutil.copyfileobj(file, whole, _CHUNK_BYTES)
        with self._damage_told():
            self.schema: Any = pq.read_schema(whole)
            texts = [field.name for field in self.schema if _is_text(_plain(field.type))]
            self.file: Any = pq.ParquetFile(whole, read_dictionary=texts, page_checksum_verification=True)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.schema.names)

    def is_float(self, column: str) -> bool:
        """Tell whether the column holds binary fractions."""
        return bool(pa.types.is_floating(self.schema.field(column).type))

    def rows(self, columns: Sequence[str]) -> Iterator[Item]:
        """Yield an object per row with the values of these columns; its line is the row's number, from 1.

        A time with a zone is given as Unix seconds, one without as a datetime. Raise RefusedInputError for a column
        that holds no single values, and wherever the file turns out to be damaged.
        """
        for column in columns:
            kind = self.schema.field(column).type
            if not (_is_text(_plain(kind)) or any(is_one(_plain(kind)) for is_one in _SCALARS)):
                raise self._refused(f"a column of the mapping holds {kind}; name a column of single values")
        number = 0
        batches = self.file.iter_batches(_BATCH, columns=list(columns), use_threads=False)
        while (batch := self._next(batches)) is not None:
            with self._damage_told():
                values = [_values(column) for column in batch.columns]
            for row in zip(*values, strict=True):
                number += 1
                yield Item(number, dict(zip(batch.schema.names, row, strict=True)))
        if number != self.file.metadata.num_rows:
            raise self._refused(_DAMAGED)

    def _next(self, batches: Iterator[Any]) -> Any:  # noqa: ANN401 - pyarrow has no types
        with self._damage_told():
            batch = next(batches, None)
            if batch is not None:
                batch.validate(full=True)
        return batch

    @contextmanager
    def _damage_told(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._refused(_DAMAGED) from error

    def _refused(self, why: str) -> RefusedInputError:
        return RefusedInputError(f"{self.name}: {why}")


def _is_text(kind: Any) -> bool:  # noqa: ANN401 - pyarrow has no types
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _plain(kind: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Return the type of the values, of which a dictionary may hold each once."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _values(column: Any) -> list[object]:  # noqa: ANN401 - pyarrow has no types
    kind = column.type
    if pa.types.is_dictionary(kind):
        words = _values(column.dictionary)
        return [None if at is None else words[at] for at in column.indices.to_pylist()]
    if not pa.types.is_timestamp(kind):
        found: list[object] = column.to_pylist()
        return found
    ticks = column.cast(pa.int64()).to_pylist()
    return [None if tick is None else _time(tick, kind.unit, has_zone=kind.tz is not None) for tick in ticks]


def _time(ticks: int, unit: str, *, has_zone: bool) -> object:
    seconds = Decimal(ticks).scaleb(-_PLACES[unit])
    if not has_zone:
        try:
            return _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))
        except OverflowError:
            pass  # a time that is out of every range, as seconds are told to be
    return seconds

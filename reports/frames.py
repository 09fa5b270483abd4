"""The rows of an audit as pandas data frames, for notebooks: amounts stay exact decimals, times keep their zone."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def frame(rows: Sequence["DataclassInstance"]) -> pd.DataFrame:
    """Return one row per value, a column per field; a table of an audit, such as its findings or SKUs.

    >>> from datetime import date
    >>> from decimal import Decimal
    >>> from billing.audit import DayLine
    >>> amounts = Decimal("0.40"), Decimal("0.39"), Decimal("0.01")
    >>> day = DayLine(date(2026, 10, 1), "credit", "vendor", "model", 2, *amounts)
    >>> frame([day, day])["variance"].sum()
    Decimal('0.02')
    """
    table = pa.Table.from_pylist([asdict(row) for row in rows])
    frame_: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame_

"""Plain TOML text of a table, one key a line, so that a card that is written by machine reads like one by hand."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from pricing.amounts import digits


def toml(table: Mapping[str, object]) -> str:
    r"""Return the table as TOML lines; keys whose value is None are left out.

    >>> toml({"id": "a/b", "rates": {"input": Decimal("300")}, "name": None})
    'id = "a/b"\nrates = { input = 300 }\n'
    """
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in table.items() if value is not None)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def _value(value: object) -> str:
    match value:
        case bool():
            text = "true" if value else "false"
        case int():
            text = f"{value:_}"
        case str():
            text = json.dumps(str(value), ensure_ascii=False)
        case Decimal():
            text = f"{digits(value)}"
        case datetime():
            text = value.isoformat().replace("+00:00", "Z")
        case date():
            text = value.isoformat()
        case list():
            text = f"[{', '.join(map(_value, value))}]"
        case dict():
            text = f"{{ {', '.join(f'{_key(key)} = {_value(item)}' for key, item in value.items())} }}"
        case _:
            raise TypeError(f"no TOML for {type(value).__name__}")
    return text

"""What a cell of CSV may hold: a text that a spreadsheet would take for a formula gets a quote before it."""

import re
from typing import Final

#: How a text begins that a spreadsheet computes. Numbers are no text: a negative amount stays as it is.
FORMULA_START: Final = r"^[=+\-@\t\r\n]"
#: What a cell holds that has to stand in quotes.
NEEDS_QUOTES: Final = r'[",\r\n]'

_FORMULA = re.compile(FORMULA_START)


def harmless(text: str) -> str:
    """Return the text so that no spreadsheet computes it.

    >>> harmless("=1+1"), harmless("a-b")
    ("'=1+1", 'a-b')
    """
    return f"'{text}" if _FORMULA.match(text) else text

"""What a log shape has to offer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from billing.importing.formats.fields import Json
from billing.importing.formats.pieces import Parse, Piece
from billing.importing.strict_json import loads
from billing.records import Outcome, Reading


@dataclass(frozen=True, slots=True)
class Shape:
    """A log shape: its name, whether an object is one of its own, and how to read all of a log's pieces.

    `read` gives one outcome for each piece, or one for each record of a piece that is a page of records. It never
    raises for what a log says.
    """

    name: str
    claims: Callable[[Json], bool]
    read: Callable[[Iterator[Piece], Reading], Iterator[Outcome]]
    parse: Parse = loads
    """How a line of it is read."""
    has_plain_lines: bool = False
    """Whether each line stands for itself, and the engine can read the plain ones: sql/lines_<name>.sql says how."""

"""What a log shape has to offer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from billing.formats.fields import Json
from billing.formats.pieces import Piece
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

"""All hostile files."""

from tests.hostile_case import Hostile
from tests.hostile_lines import LINES
from tests.hostile_packed import PACKED
from tests.hostile_places import PLACES
from tests.hostile_tables import TABLES

HOSTILE: tuple[Hostile, ...] = (*LINES, *PACKED, *PLACES, *TABLES)

"""Published facts are never edited: one line for each, with a digest of its content, in the file PUBLISHED beside them.

`python -m pricing.published` adds the lines of what is new, and refuses if anything published was changed or removed.
"""

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from pricing.amounts import digits
from pricing.catalog import SHIPPED, card_files, read_cards
from pricing.errors import BadRateCardError, CardProblem
from pricing.rates import Cited, RateCard

PUBLISHED_FILE = "PUBLISHED"
NEW = "not published yet: run `python -m pricing.published`"
GONE = "published, but changed or removed since: put it back, and add a block that says what it corrects"


def unpublished_changes(folder: Path = SHIPPED) -> tuple[CardProblem, ...]:
    """Return a problem for each fact of the folder's cards that is new, changed or removed since it was published.

    Raise BadRateCardError if a card can't be read.
    """
    current, published = _lines_now(folder), _lines_published(folder)
    path = str(folder / PUBLISHED_FILE)
    return tuple(
        CardProblem(path, line.rpartition(" ")[0], message)
        for lines, message in ((published - current, GONE), (current - published, NEW))
        for line in sorted(lines.elements())
    )


def publish(folder: Path = SHIPPED) -> int:
    """Add a line to PUBLISHED for each new fact of the folder's cards and return how many there were.

    Raise BadRateCardError, and write nothing, if a published fact was changed or removed.
    """
    problems = unpublished_changes(folder)
    if gone := tuple(problem for problem in problems if problem.message == GONE):
        raise BadRateCardError(gone)
    lines = sorted(_lines_now(folder).elements())
    (folder / PUBLISHED_FILE).write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return len(problems)


def fact_lines(card: RateCard) -> Iterator[str]:
    """Yield one line for each dated fact of a card: what it is, and last a digest of its content and source."""
    about: Iterable[tuple[str, Cited]] = (
        *(("usd_per_unit", fact) for fact in card.usd_per_unit),
        *((f"error {fact.http_status} {fact.code}", fact) for fact in card.errors),
        *(("claim", fact) for fact in card.claims),
        *((f"rates {sku.id} {block.service_tier} {block.valid_from or '-'}", block)
          for sku in card.skus for block in sku.rates),
    )  # fmt: skip
    for what, fact in about:
        yield f"{card.provider} {what} {fact.observed_on} {_digest(card, fact)}"


def _digest(card: RateCard, fact: Cited) -> str:
    content = fact.model_dump(exclude_defaults=True) | {"source": card.sources[fact.source].model_dump()}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=_canonical)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _canonical(value: object) -> str | None:
    return digits(value) if isinstance(value, Decimal) else str(value)


def _lines_now(folder: Path) -> Counter[str]:
    return Counter(line for card in read_cards(card_files(folder)) for line in fact_lines(card))


def _lines_published(folder: Path) -> Counter[str]:
    path = folder / PUBLISHED_FILE
    return Counter(path.read_text("utf-8").splitlines() if path.exists() else ())


if __name__ == "__main__":
    sys.stderr.write(f"{publish()} facts published\n")

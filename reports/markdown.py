"""Markdown from a template in which every value is text and nothing else."""

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports.html import HERE


def escaped(text: str) -> str:
    r"""Return the text so that Markdown shows it as it is; what can't be shown becomes a mark.

    >>> escaped("a_b|<script>")
    'a\\_b\\|\\<script\\>'
    """
    printable = printed(text)
    for character in "\\`*_{}[]<>|&~":
        printable = printable.replace(character, f"\\{character}")
    return printable


def render(template: str, page: object) -> str:
    """Fill the template with `page`. Every text in it is escaped."""
    return _environment().get_template(template).render(page=page)


def printed(text: str) -> str:
    """Return the text without what can't be shown, such as the signs that steer a terminal."""
    spaced = text.replace("\N{NO-BREAK SPACE}", " ")
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in spaced)


def _shown(value: object) -> object:
    """Escape text that no template wrote."""
    return Markup(escaped(value)) if isinstance(value, str) and not isinstance(value, Markup) else value  # noqa: S704 - escaped


def _verbatim(text: str) -> Markup:
    """Return text for a block of code, which it can't leave: it has no line break."""
    return Markup(printed(text))  # noqa: S704 - the same


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["verbatim"] = _verbatim
    return environment

"""What a hostile file is made of, and what has to become of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: Planted where logs hold texts and keys; nothing of it may be kept or shown.
PROMPT = "canary-prompt: the patient is called Ann"
KEY = "sk-ant-canary-0123456789abcdef"
CANARIES = (b"canary-prompt", b"sk-ant-canary")

USAGE = '"input_tokens":20,"output_tokens":661'


@dataclass(frozen=True)
class Taken:
    """A file that is read. `rejected` gives lines and reasons; `rows` what the ledger holds by id, column by column."""

    imported: int = 0
    rejected: tuple[tuple[int, str], ...] = ()
    ignored: int = 0
    duplicate: int = 0
    superseded: int = 0
    conflict: int = 0
    rows: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """A file that is not taken: a part of the message that says why, and what its remedy begins with."""

    why: str
    remedy: str


Outcome = Taken | Refused


@dataclass(frozen=True)
class Hostile:
    """Something that nobody should import, in a folder of its own.

    `make` lays it into an empty folder and returns the paths to import. `outcomes` has one entry for each file that
    comes of it, in order.
    """

    name: str
    make: Callable[[Path], Sequence[Path]]
    outcomes: tuple[Outcome, ...]
    is_heavy: bool = False
    """Whether it takes seconds, so that once is enough."""
    needs_permissions: bool = False
    """Whether it is nothing to the superuser, who may read all."""
    mapping: str = ""
    """The mapping file that it is imported with, if any."""


def a_file(
    name: str,
    content: bytes | str | Callable[[], bytes],
    outcome: Outcome,
    *,
    file_name: str | bytes = "hostile.jsonl",
    is_heavy: bool = False,
) -> Hostile:
    """Return a case of one file with that content."""

    def make(folder: Path) -> Sequence[Path]:
        path = folder / (file_name if isinstance(file_name, str) else file_name.decode("utf-8", "surrogateescape"))
        path.parent.mkdir(parents=True, exist_ok=True)
        made = content() if callable(content) else content
        path.write_bytes(made.encode() if isinstance(made, str) else made)
        return [path]

    return Hostile(name, make, (outcome,), is_heavy)


def line(
    name: str = "msg_1", taken: str = "1.66", usage: str = USAGE, at: str = '"2026-10-03T09:00:00Z"', more: str = ""
) -> str:
    """Return one line of a client's log, without its end. All but `name` is raw JSON."""
    return (
        f'{{"timestamp":{at},"status":200,"headers":{{"x-api-key":"{KEY}"}},{more}'
        f'"request":{{"model":"claude-opus-4-6","messages":[{{"role":"user","content":"{PROMPT}"}}]}},'
        f'"response":{{"id":"{name}","type":"message","role":"assistant","model":"claude-opus-4-6",'
        f'"content":[{{"type":"text","text":"{PROMPT}"}}],"usage":{{{usage}}},"credits_consumed":{taken}}}}}'
    )


def asking(prompt: str) -> str:
    """Return one line of a client's log, with this as the prompt: raw JSON within quotes."""
    return line().replace(PROMPT, prompt, 1)


def around(middle: str | bytes) -> bytes:
    """Return a log in which something stands between two sound lines."""
    raw = middle.encode() if isinstance(middle, str) else middle
    return line("first").encode() + b"\n" + raw + b"\n" + line("last").encode() + b"\n"


def lines(*texts: str) -> bytes:
    """Return these lines as a log."""
    return "".join(f"{text}\n" for text in texts).encode()

"""A folder of Claude Code sessions of any size, as that client writes them, and the tokens that it truly tells.

Between the turns of the user each answer is written two or three times while it grows; some turns are side chains. When
a session is resumed, its file begins with what the last one ended with. Sizes and hours are those of the sample.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from data.month import SEED
from data.traffic import Tokens, calendar, session

MODELS: Final = ("claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001")
PROJECTS: Final = ("editor-plugin", "bug-fixer", "support-desk")
#: An exchange is on average a turn of the user and two and a half lines of the answer.
_LINES_PER_EXCHANGE: Final = 3.5
#: So many exchanges of one session does the file of the next one in the same project begin with.
_RESUMED: Final = 5
#: The most tokens that the client puts into a prompt.
_WINDOW: Final = 200_000
_WORDS: Final = '[simulated] \\"text\\" of a turn\\nthat nobody took, '
_FILLER: Final = _WORDS * 200

_HEAD = (
    '{"parentUuid":"%(before)s","isSidechain":%(side)s,"userType":"external","cwd":"/home/dev/%(project)s",'
    '"sessionId":"%(session)s","version":"2.0.42","gitBranch":"main",'
)
_USER = (
    _HEAD + '"type":"user","message":{"role":"user","content":[{"tool_use_id":"toolu_%(id)s","type":"tool_result",'
    '"content":"%(text)s"}]},"uuid":"%(uuid)s","timestamp":"%(at)s"}\n'
)
_ANSWER = (
    _HEAD + '"message":{"model":"%(model)s","id":"msg_%(id)s","type":"message","role":"assistant","content":'
    '[{"type":"text","text":"%(text)s"}],"stop_reason":%(stop)s,"stop_sequence":null,"usage":{"input_tokens":%(input)d,'
    '"cache_creation_input_tokens":%(written)d,"cache_read_input_tokens":%(read)d,"cache_creation":'
    '{"ephemeral_5m_input_tokens":%(short)d,"ephemeral_1h_input_tokens":%(long)d},"output_tokens":%(output)d,'
    '"service_tier":"standard"}},"requestId":"req_%(id)s","type":"assistant","uuid":"%(uuid)s","timestamp":"%(at)s"}\n'
)

Totals = Counter[tuple[str, str, str]]
"""Tokens by day (UTC), model and kind: input, output, cache_read, cache_write."""


@dataclass(slots=True)
class Tree:
    """What a folder of sessions holds."""

    lines: int = 0
    answers: int = 0
    """Lines of answers, each snapshot counted."""
    requests: int = 0
    size: int = 0
    tokens: Totals = field(default_factory=Counter)


def write_tree(folder: Path, sessions: int, lines: int, seed: int = SEED) -> Tree:
    """Write so many session files with about so many lines in all; return what they tell."""
    draw, tree = Random(seed), Tree()  # noqa: S311 - it has to be repeatable, and guards nothing
    starts = [hour for hour, count in calendar(sessions) for _ in range(count)]
    exchanges = round(lines / sessions / _LINES_PER_EXCHANGE) - _RESUMED
    ended: dict[str, list[list[str]]] = {}
    for number, start in enumerate(starts):
        session_ = Session(tree, draw, PROJECTS[number % len(PROJECTS)], f"{seed}-{number:04d}")
        resumed = ended.get(session_.project, [])
        told = list(session_.exchanges(start, exchanges))
        ended[session_.project] = told[-_RESUMED:]
        written = [line for each in (*resumed, *told) for line in each]
        tree.lines += len(written)
        tree.answers += len(written) - len(resumed) - len(told)
        path = folder / "projects" / f"-work-{session_.project}" / f"{seed:08d}-0000-4000-8000-{number:012d}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        tree.size += path.write_text("".join(written), encoding="ascii")
    return tree


@dataclass(frozen=True, slots=True)
class Session:
    """One session, which adds what it tells to the tree."""

    tree: Tree
    draw: Random
    project: str
    name: str

    def exchanges(self, start: datetime, number: int) -> Iterator[list[str]]:
        """Yield so many exchanges, each as its lines: the user's turn, and the answer as it grew."""
        bits = self.draw.getrandbits
        at = start + timedelta(milliseconds=bits(21))
        for nth in range(number):
            at += timedelta(milliseconds=bits(15))
            tokens, model = self._size(), MODELS[bits(8) % len(MODELS)]
            self._count(f"{at:%Y-%m-%d}", model, tokens)
            line: dict[str, object] = {
                "session": f"00000000-0000-4000-8000-{self.name}", "project": self.project, "model": model,
                "id": f"{self.name}-{nth:06d}", "before": f"{nth:08d}-0000", "side": "false" if bits(4) else "true",
                "at": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
            }  # fmt: skip
            turn = _USER % {**line, "uuid": f"{self.name}-{nth}-u", "text": self._text(12)}
            yield [turn, *self._answer(line, tokens)]

    def _size(self) -> Tokens:
        """Draw the size of an exchange; as its kinds are drawn one by one, some are more than the client can send."""
        while True:
            tokens = session(self.draw.getrandbits)
            if sum(tokens) - tokens[1] <= _WINDOW:
                return tokens

    def _answer(self, line: dict[str, object], tokens: Tokens) -> Iterator[str]:
        """Yield the answer's lines: as it grows, so does the count of output tokens; only the last is true."""
        fresh, out, read, short, long = tokens
        last = 2 + self.draw.getrandbits(1)
        for nth in range(1, last + 1):
            yield _ANSWER % {
                **line, "uuid": f"{line['id']}-{nth}", "text": self._text(11), "input": fresh, "read": read,
                "short": short, "long": long, "written": short + long, "output": out * nth // last,
                "stop": '"end_turn"' if nth == last else "null",
            }  # fmt: skip

    def _text(self, bits: int) -> str:
        """Return a text of chance length: a hundred signs, and up to two to that power more."""
        start = self.draw.getrandbits(5) * len(_WORDS)
        return _FILLER[start : start + 100 + self.draw.getrandbits(bits)].rstrip("\\")

    def _count(self, day: str, model: str, tokens: Tokens) -> None:
        self.tree.requests += 1
        for kind, count in zip(("input", "output", "cache_read", "cache_write", "cache_write"), tokens, strict=True):
            self.tree.tokens[day, model, kind] += count

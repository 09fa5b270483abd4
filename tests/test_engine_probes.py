"""An engine is accepted by what it computes, and never by its name or its settings."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from billing.engine import Engine
from billing.engine_probes import ARITHMETIC, FUNCTIONS, Probe, probe
from billing.errors import EngineError, RefusedEngineError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class StandIn:
    """An engine that is right about everything but one probe, of which it says something else."""

    path = "stand-in"

    def __init__(self, wrong: Probe | None, says: object) -> None:
        self.wrong, self.says = wrong, says

    def rows(self, query: str, _values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Answer a probe, or refuse it as an engine does that has no answer."""
        asked = [each for each in (*ARITHMETIC, *FUNCTIONS) if f"{each.expression} AS found" in query]
        if any(each.right is None for each in asked if each is not self.wrong):
            raise EngineError("out of range")
        return [tuple(self.says if each is self.wrong else each.right for each in asked)]


def as_engine(stand_in: object) -> Engine:
    return cast("Engine", stand_in)


def test_an_engine_that_is_right_is_accepted() -> None:
    probe(as_engine(StandIn(None, None)), (*ARITHMETIC, *FUNCTIONS))


@pytest.mark.parametrize("says", [-(2**63), None, 7])
@pytest.mark.parametrize("wrong", [*ARITHMETIC, *FUNCTIONS], ids=lambda each: each.fault)
def test_one_wrong_answer_is_enough_to_be_refused(wrong: Probe, says: object) -> None:
    # What should be refused and is answered, be it by a number that wrapped or by NULL; and what is answered wrongly.
    with pytest.raises(RefusedEngineError, match=f"stand-in: this engine {wrong.fault}; amounts would be wrong"):
        probe(as_engine(StandIn(wrong, says)), (*ARITHMETIC, *FUNCTIONS))


@pytest.mark.spark
def test_spark_is_accepted_as_it_is_asked_to_be_and_refused_as_it_may_be_set(spark: "SparkSession") -> None:
    from billing.spark import SparkEngine  # noqa: PLC0415 - an extra

    lenient = spark.newSession()
    probe(SparkEngine(lenient, "strict"), ARITHMETIC)
    lenient.conf.set("spark.sql.ansi.enabled", "false")
    with pytest.raises(RefusedEngineError, match=r"wraps sums of 64-bit whole numbers and .* lets a sum of decimals"):
        probe(SparkEngine(lenient, "lenient"), ARITHMETIC)


@contextmanager
def sail() -> Iterator[str]:
    """Serve Sail, an engine that speaks Spark's protocol, and return its address."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("sail")), "spark", "server", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(100):
                with closing(socket.socket()) as knocking:
                    if not knocking.connect_ex(("127.0.0.1", port)):
                        break
                time.sleep(0.1)
            yield f"sc://127.0.0.1:{port}"
        finally:
            server.terminate()


@pytest.mark.spark
def test_sail_which_wraps_is_refused() -> None:
    pytest.importorskip("pysail")
    # In a process of its own: one has either a Spark of its own or a connection.
    script = "import sys; from billing.spark import open_spark; open_spark(sys.argv[1], 'nowhere').__enter__()"
    with sail() as address:
        done = subprocess.run([sys.executable, "-c", script, address], capture_output=True, text=True, check=False)
    assert "RefusedEngineError: nowhere: this engine wraps sums of 64-bit whole numbers" in done.stderr
    assert "wraps products of 64-bit whole numbers and lets a sum of decimals overflow" in done.stderr


@pytest.mark.spark
def test_a_session_is_stopped_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark")
    from billing import spark as module  # noqa: PLC0415 - an extra

    stopped: list[str] = []
    session = SimpleNamespace(stop=lambda: stopped.append("stopped"), conf=SimpleNamespace(set=lambda *_: None))
    builder = SimpleNamespace(getOrCreate=lambda: session)
    for name in ("appName", "master", "remote", "config"):
        setattr(builder, name, lambda *_: builder)
    monkeypatch.setattr(module, "SparkSession", SimpleNamespace(builder=builder))
    monkeypatch.setattr(module, "probe", lambda *_: (_ for _ in ()).throw(RefusedEngineError("no")))
    for master in ("local[1]", "sc://nowhere"):
        with pytest.raises(RefusedEngineError), module.open_spark(master, "usage"):
            pass
    assert stopped == ["stopped"] * 2

"""What a step costs: CPU and wall time and memory, in a process of its own so that its peak is its own."""

import multiprocessing
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import inf
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Any, Final

#: The least of so many runs counts: what else the machine does can only add to a run.
_RUNS = 4

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU and wall seconds, and the peak of resident memory in MB."""

    cpu: float
    wall: float
    peak: float


#: What was not done to its end: dearer than anything.
FAILED: Final = Cost(inf, inf, inf)


def cost(work: Work) -> Cost:
    """Do the work once and return what it cost."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), perf_counter()
    work()
    after, wall = resource.getrusage(resource.RUSAGE_SELF), perf_counter() - start
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, wall, _megabytes(after))


def _megabytes(used: resource.struct_rusage) -> float:
    """Return the peak of resident memory, of which Linux tells KiB and macOS bytes."""
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def least(costs: list[Cost]) -> Cost:
    """Return the least CPU, wall time and memory of several runs of the same work."""
    return Cost(min(each.cpu for each in costs), min(each.wall for each in costs), min(each.peak for each in costs))


def apart(work: Callable[..., object], *arguments: object) -> None:
    """Do some work in a process of its own, so that its memory counts for nothing measured later."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{work.__name__} failed")


def cold_cost(work: Callable[..., object], *arguments: object) -> Cost:
    """Do some work once in a new process, and return what it cost without the start of the process."""
    found: Cost = _told_by(_cold_cost, work, arguments)
    return found


def program_cost(command: Sequence[str], output: Path, environment: Mapping[str, str] = os.environ) -> Cost:
    """Run a program to its end, its start included, and return what it cost; what it prints goes into that file.

    Modules are compiled already, as they are for whoever runs it twice.
    """
    environment = {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = perf_counter()
    with output.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    wall = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed")
    return Cost(used.ru_utime + used.ru_stime, wall, _megabytes(used))


def warm_cost(prepare: Callable[..., AbstractContextManager[Work]], *arguments: object) -> Cost:
    """Prepare some work in a new process, do it once to warm up, and return what it costs then at the least."""
    found: Cost = _told_by(_warm_cost, prepare, arguments)
    return found


def _told_by(teller: Callable[..., None], work: Callable[..., object], arguments: tuple[object, ...]) -> Any:  # noqa: ANN401 - whatever it tells
    receive, send = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=teller, args=(send, work, arguments))
    process.start()
    send.close()  # so that a process that fails ends the pipe
    try:
        return receive.recv()
    except EOFError:
        raise RuntimeError(f"{work.__name__} failed") from None
    finally:
        process.join()


def _cold_cost(send: Connection, work: Callable[..., object], arguments: tuple[object, ...]) -> None:
    send.send(cost(lambda: work(*arguments)))


def _warm_cost(
    send: Connection, prepare: Callable[..., AbstractContextManager[Work]], arguments: tuple[object, ...]
) -> None:
    with prepare(*arguments) as work:
        work()
        send.send(min((cost(work) for _ in range(_RUNS)), key=lambda each: each.cpu))

"""What a step costs: CPU and wall time and memory, in a process of its own so that its peak is its own."""

import multiprocessing
import resource
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import perf_counter

#: The least of so many runs counts: what else the machine does can only add to a run.
_RUNS = 4

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU and wall seconds, and the peak of resident memory in MB."""

    cpu: float
    wall: float
    peak: int


def cost(work: Work) -> Cost:
    """Do the work once and return what it cost."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), perf_counter()
    work()
    after, wall = resource.getrusage(resource.RUSAGE_SELF), perf_counter() - start
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, wall, after.ru_maxrss >> 10)


def apart(work: Callable[..., object], *arguments: object) -> None:
    """Do some work in a process of its own, so that its memory counts for nothing measured later."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{work.__name__} failed")


def warm_cost(prepare: Callable[..., AbstractContextManager[Work]], *arguments: object) -> Cost:
    """Prepare some work in a new process, do it once to warm up, and return what it costs then at the least."""
    receive, send = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_warm_cost, args=(send, prepare, arguments))
    process.start()
    send.close()  # so that a process that fails ends the pipe
    found: Cost = receive.recv()
    process.join()
    return found


def _warm_cost(
    send: Connection, prepare: Callable[..., AbstractContextManager[Work]], arguments: tuple[object, ...]
) -> None:
    with prepare(*arguments) as work:
        work()
        send.send(min((cost(work) for _ in range(_RUNS)), key=lambda each: each.cpu))

"""Whatever ends an import, each file is in the ledger wholly or not at all, and importing again completes it."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from billing.doctor import examine
from reports.cli import run
from tests import crashing
from tests.crashing import (
    FILES,
    LONGEST_S,
    NAME,
    Importing,
    State,
    files_in,
    read_in_pairs,
    start,
    state_of,
    write_logs,
    write_sessions,
)

KILLS = int(os.environ.get("TALLYSTICK_KILLS", "20"))
#: What an import that was cut short may leave; any other check that fails is damage.
CUT_SHORT = {"receipt", "write_log"}


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TALLYSTICK_LEDGER", raising=False)
    write_logs(tmp_path / "logs")
    return tmp_path


@cache
def undisturbed(
    write: Callable[[Path], list[Path]] = write_logs, prepare: Callable[[], object] = int
) -> tuple[tuple[State, ...], float]:
    """Return what a ledger holds after each of the files, and how many seconds importing all of them takes."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        logs = write(folder / "logs")
        ledger = str(folder / "steps.duckdb")
        states = []
        for log in logs:
            run(["import", str(log), "--quiet", "--ledger", ledger])
            states.append(state_of(Path(ledger)))
        seconds = 0.0
        for _ in range(2):  # the first also starts the server
            Path(folder, NAME).unlink(missing_ok=True)
            child, began = start(folder, prepare), time.monotonic()
            child.process.join(LONGEST_S)
            seconds = time.monotonic() - began
            assert child.process.exitcode == 3  # some lines are rejected
            assert state_of(folder / NAME) == states[-1]
        assert len(states) == FILES
    return tuple(states), seconds


def check_whole_files(ledger: Path, states: Sequence[State]) -> int:
    """Check that a ledger holds the first files wholly, nothing of the others, and no damage; return how many."""
    if not ledger.exists():
        return 0
    failed = {check.name: check.message for check in examine(ledger) if not check.ok}
    assert failed.keys() <= CUT_SHORT, failed
    assert "lost" not in str(failed)
    taken = files_in(ledger)
    if taken:
        assert state_of(ledger) == states[taken - 1]
    else:
        assert {sums["count(*)"] for sums in state_of(ledger).values()} == {"0"}
    return taken


def check_completes(folder: Path, states: Sequence[State]) -> None:
    """Check that importing again makes of a ledger what it would have been, and nothing is left beside it."""
    run(["import", "logs", "--quiet"])
    assert state_of(folder / NAME) == states[-1]
    assert [check.message for check in examine(folder / NAME) if not check.ok] == []
    assert {path.name for path in folder.glob(f"{NAME}*")} == {NAME, f"{NAME}.receipt"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_at_any_moment_nothing_is_lost_doubled_or_partial(working_folder: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    states, seconds = undisturbed()
    child, began = start(working_folder), time.monotonic()
    if seed % 2:
        time.sleep(max(0.0, began + chance.uniform(0, seconds * 1.05) - time.monotonic()))
    else:
        _wait_for_a_write(working_folder, chance.randrange(3 * FILES), began + seconds)
        time.sleep(chance.uniform(0, 0.003))
    child.process.kill()
    child.process.join(LONGEST_S)
    check_whole_files(working_folder / NAME, states)
    check_completes(working_folder, states)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(KILLS // 4))
def test_killed_while_it_reads_many_sessions_at_once_all_of_them_are_there_or_none(
    working_folder: Path, seed: int
) -> None:
    shutil.rmtree(working_folder / "logs")
    write_sessions(working_folder / "logs")
    states, seconds = undisturbed(write_sessions, read_in_pairs)
    child, began = start(working_folder, read_in_pairs), time.monotonic()
    chance = random.Random(seed)  # noqa: S311 - no secret
    time.sleep(max(0.0, began + chance.uniform(0, seconds) - time.monotonic()))
    child.process.kill()
    child.process.join(LONGEST_S)
    assert check_whole_files(working_folder / NAME, states) % 2 == 0
    check_completes(working_folder, states)


def _wait_for_a_write(folder: Path, number: int, deadline: float) -> None:
    """Wait until the ledger or its write log was seen to change so many times, which is when files are committed."""
    seen = None
    while number >= 0 and time.monotonic() < deadline:
        now = tuple(_changed(folder / name) for name in (NAME, f"{NAME}.wal"))
        number -= now != seen
        seen = now


def _changed(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


@pytest.mark.slow
@pytest.mark.parametrize(("writes", "later_s"), [(0, 0.0), (1, 0.0), (1, 0.1)])
def test_interrupted_it_leaves_with_130_and_nothing_half_done(
    working_folder: Path, writes: int, later_s: float
) -> None:
    child, told = _interrupted(working_folder, writes, later_s)
    while child.process.exitcode == 3:  # on a busy machine it may end before it is interrupted
        for path in working_folder.glob(f"{NAME}*"):
            path.unlink()
        child, told = _interrupted(working_folder, writes, later_s)
    assert (child.process.exitcode, "Traceback" in told) == (130, False), told
    check_whole_files(working_folder / NAME, undisturbed()[0])
    check_completes(working_folder, undisturbed()[0])


def _interrupted(folder: Path, writes: int, later_s: float) -> tuple[Importing, str]:
    child = start(folder)
    _wait_for_a_write(folder, writes, time.monotonic() + LONGEST_S)
    time.sleep(later_s)
    if child.process.is_alive() and child.process.pid:
        os.kill(child.process.pid, signal.SIGINT)
    return child, child.told()


@pytest.mark.slow
@pytest.mark.parametrize("share", range(0, 20, 3))
def test_on_a_full_disk_it_is_told_and_importing_again_completes_it(working_folder: Path, share: int) -> None:
    run(["import", "logs", "--quiet", "--ledger", "whole.duckdb"])
    most = Path("whole.duckdb").stat().st_size * share // 20
    child = start(working_folder, partial(crashing.limit_files, most))
    told = child.told()
    assert (child.process.exitcode, "Traceback" in told) == (3, False), told
    assert "room" in told or "the ledger could not take it" in told, told
    check_whole_files(working_folder / NAME, undisturbed()[0])
    check_completes(working_folder, undisturbed()[0])


@pytest.mark.slow
@pytest.mark.parametrize("more", [0, 2**24, 2**26, 2**28])
def test_without_memory_the_ledger_stays_whole_and_importing_again_completes_it(
    working_folder: Path, more: int
) -> None:
    child = start(working_folder, partial(crashing.limit_memory, more))
    told = child.told()
    # It is told, unless there is no memory even for that: the libraries below then give up their process.
    assert child.process.exitcode
    assert child.process.exitcode != 3 or "Traceback" not in told
    check_whole_files(working_folder / NAME, undisturbed()[0])
    check_completes(working_folder, undisturbed()[0])

"""A minute's requests, counted on over a restart: kill -9 loses nothing, a lost record blocks no close."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.gateways.conftest import ROOT
from venues.contract.errors import Unreachable
from venues.lighter.budget import WINDOW_S, Budget
from venues.lighter.record import Record

NAME = "lighter.reads"


def budget(folder: Path, now: float | None = None) -> Budget:
    at = time.monotonic() if now is None else now
    return Budget("reads", 60, 15, lambda: at, Record(folder / NAME, 60))


def refused(minute: Budget, *, closing: bool = False) -> str:
    with pytest.raises(Unreachable) as caught:
        minute.take(closing=closing)
    assert caught.value.code == "throttled"
    return caught.value.detail


SPENDER = """
import os, sys, time
from pathlib import Path
from venues.lighter.budget import Budget
from venues.lighter.record import Record
minute = Budget("reads", 60, 15, record=Record(Path(sys.argv[1]), 60))
for _ in range(45):
    minute.take()
print("spent", flush=True)
time.sleep(60)
"""


def test_a_process_killed_with_9_leaves_its_minute_to_the_next(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SPENDER, str(tmp_path / NAME)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"spent\n"
        time.sleep(0.2)  # the last times are written by a thread of their own
        os.kill(process.pid, signal.SIGKILL)
    minute = budget(tmp_path)
    assert minute.spent == 45
    refused(minute)
    for _ in range(15):
        minute.take(closing=True)
    assert "as many as Lighter takes" in refused(minute, closing=True)


def test_the_record_keeps_the_last_sixty_however_many_left(tmp_path: Path) -> None:
    for start in range(4):
        minute = budget(tmp_path, now=1000.0 + 100 * start)
        assert minute.spent == 0
        for _ in range(45):
            minute.take()
        minute.close()
    assert budget(tmp_path, now=1310.0).spent == 45
    assert budget(tmp_path, now=1301.0 + WINDOW_S).spent == 0


@pytest.mark.parametrize("kept", [b"short", os.urandom(480), b"\xff" * 480, b"0" * 481])
def test_a_record_that_cannot_be_believed_leaves_the_minute_to_closing(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / NAME).write_bytes(kept)
    now = time.monotonic()
    minute = budget(tmp_path, now)
    assert "kept for closing" in refused(minute)
    minute.close()
    again = budget(tmp_path, now + 1)
    refused(again)
    for _ in range(15):
        again.take(closing=True)
    again.close()
    later = budget(tmp_path, now + WINDOW_S)
    later.take()


def test_times_of_before_the_machine_was_started_block_no_close(tmp_path: Path) -> None:
    before = budget(tmp_path, now=90_000.0)
    for _ in range(45):
        before.take()
    before.close()
    minute = budget(tmp_path, now=20.0)
    refused(minute)
    for _ in range(15):
        minute.take(closing=True)


def test_a_record_that_cannot_be_written_holds_nothing_up(tmp_path: Path) -> None:
    minute = Budget("reads", 60, 15, record=Record(tmp_path / "none" / NAME, 60))
    assert "kept for closing" in refused(minute)
    minute.take(closing=True)
    assert minute.spent == 46
    full = Budget("reads", 60, 15, record=Record(Path("/dev/full"), 60))
    full.take(closing=True)


def test_a_first_start_may_spend_the_whole_minute(tmp_path: Path) -> None:
    minute = budget(tmp_path)
    for _ in range(45):
        minute.take()
    refused(minute)

"""`make bench` measures what it says, and ends well."""

import re
import subprocess
import sys

import pytest

from tests.processes.product import ROOT

pytestmark = pytest.mark.slow


def test_the_bench_prints_both_sides_of_everything_and_ends_well() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench"], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    for what in (
        "gate closed",
        "PM: request in",
        "trader: wire",
        "bare fsync",
        "bare loopback",
        "GET /api/risk",
    ):
        assert what in done.stdout
    compared = [line for line in done.stdout.splitlines() if "   × " in line]
    assert len(compared) == 4, "two of the kill step, a change, a list"
    assert all(float(re.split(r"× ([0-9.]+)", line)[1]) > 0 for line in compared)

"""Every invariant of risk.md has a test by its name that could fail."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
WITH_THE_GUARDS = {22, 23}  # of a source: their tests come with them
NAMED = re.compile(r"^(?:async )?def test_i(\d\d)_", re.MULTILINE)
NUMBERS = {int(number) for path in TESTS.rglob("test_*.py") for number in NAMED.findall(path.read_text())}


@pytest.mark.parametrize("number", sorted(set(range(1, 25)) - WITH_THE_GUARDS))
def test_an_invariant_has_a_test_by_its_name(number: int) -> None:
    assert number in NUMBERS

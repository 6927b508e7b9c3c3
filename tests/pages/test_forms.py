"""Numbers as people type them, and what of a posted row is a change."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from riskcontrol import forms
from venues.serving.numerals import exact


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("4", "4"), ("0,5", "0.5"), ("0.5", "0.5"), (" 12 ", "12"), ("1 000", "1000"), ("1 000,50", "1000.5"),
        ("1\u202f000.50", "1000.5"), ("1\u00a0000\u00a0000", "1000000"), ("1'000", "1000"), ("\u22125", "-5"),
        ("5.00", "5"), ("1000,5", "1000.5"), ("0,125", "0.125"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(typed: str, number: str) -> None:
    assert forms.typed_number(typed) == Decimal(number)


@pytest.mark.parametrize("typed", ["", "   "])
def test_a_blank_means_unchanged(typed: str) -> None:
    assert forms.typed_number(typed) is None


@pytest.mark.parametrize(
    "typed",
    [
        "1e3", "1_000", "NaN", "inf", "five", "1,000.50", "1.000,50", "\uff11\uff12", "1 00", "--5", "0x5",
        "1,000", "5 $",
    ],
)  # fmt: skip
def test_what_is_no_number_or_two_numbers_is_refused(typed: str) -> None:
    with pytest.raises(forms.NotTyped):
        forms.typed_number(typed)


@given(some.decimals(min_value=0, max_value=10**6, places=4))
def test_what_a_field_shows_is_read_back_as_the_same_number(number: Decimal) -> None:
    assert forms.typed_number(exact(number, 2)) == number


def test_only_what_was_touched_is_a_change() -> None:
    posted = {
        "risk_per_trade": "1.00", "stop_loss_dollars": "4", "max_strategy_loss": "",
        "was_risk_per_trade": "1", "was_stop_loss_dollars": "5", "was_max_strategy_loss": "50",
        "revision": "7",
    }  # fmt: skip
    form = forms.read(posted)
    assert form.changes == {"stop_loss_dollars": Decimal(4)}
    assert form.revision == 7
    assert form.errors == {}


def test_every_wrong_field_has_its_sentence() -> None:
    form = forms.read({"risk_per_trade": "101", "stop_loss_dollars": "0", "max_strategy_loss": "1.001"})
    assert form.errors == {
        "risk_per_trade": "Must be at most 100.",
        "stop_loss_dollars": "Must be above 0.",
        "max_strategy_loss": "Must have at most 2 decimals.",
    }

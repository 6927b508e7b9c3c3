"""The one JSON parser and the one writer: strict on the way in, exact on the way out."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venues.contract.errors import Refused
from venues.contract.money import OddNumber
from venues.serving.parsers import DEEPEST, dump_json, strict_json

DECIMALS = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=12
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | DECIMALS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_is_read_back_to_the_last_digit(value: Any) -> None:
    assert strict_json(dump_json(value).encode()) == value


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1E+3", "1000"),
        ("0E-9", "0.000000000"),
        ("1E-7", "0.0000001"),
        ("-12.340000", "-12.340000"),
        ("12345678901234567890.123456", "12345678901234567890.123456"),
    ],
)
def test_a_decimal_is_written_as_its_digits(number: str, text: str) -> None:
    assert dump_json({"at": "1E+5 m", "n": Decimal(number)}) == f'{{"at":"1E+5 m","n":{text}}}'


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")], ids=repr
)
def test_a_number_that_is_none_is_never_written(value: Any) -> None:
    with pytest.raises(ValueError):
        dump_json([value])


def test_what_has_no_form_is_never_guessed() -> None:
    with pytest.raises(TypeError):
        dump_json({"at": object()})
    with pytest.raises(TypeError):
        dump_json({"at": object(), "n": Decimal("1E+3")})


@pytest.mark.parametrize(
    "literal", ["1e3", "1E3", "1e400", "-1e-5", "NaN", "Infinity", "-Infinity", "1" * 41, "0." + "1" * 40]
)
def test_an_odd_number_is_marked_and_not_converted(literal: str) -> None:
    assert isinstance(strict_json(b'{"a":%s}' % literal.encode())["a"], OddNumber)


BAD = [
    b"",
    b"{",
    b"{]",
    b"[1,]",
    b"{'a': 1}",
    b'{"a": 01}',
    b'{"a": 1_000}',
    b'{"a": +1}',
    b'{"a": .5}',
    b'{"a": 5.}',
    b'{"a": 0x10}',
    b'{"a": 1} x',
    b'{"a": 1, "a": 2}',
    b'{"x": {"a": 1, "a": 1}}',
    b"\xff\xfe",
    b'{"a": "\xc3\x28"}',
    b'{"a": "\xed\xa0\x80"}',
    b"\xef\xbb\xbf{}",
    '{"a": １２}'.encode(),
    b'{"a": "\x00"}',
    b"[" * 21 + b"]" * 21,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    b'["' + b"[" * 30 + b'"' + b",[" * 25,
    b"nul",
    b"undefined",
]


@pytest.mark.parametrize("body", BAD, ids=lambda body: repr(body[:30]))
def test_what_is_not_acceptable_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        strict_json(body)
    assert refused.value.code == "bad_json"
    assert refused.value.detail.startswith("The body is not acceptable JSON: ")


def test_twenty_levels_are_enough_and_brackets_in_text_do_not_count() -> None:
    assert strict_json(b"[" * DEEPEST + b"]" * DEEPEST)
    assert strict_json(b'["' + b"[{" * 5_000 + b'"]') == ["[{" * 5_000]
    assert strict_json(b'["\\"[[[[[[[[[[[[[[[[[[[[[[[[["]') == ['"' + "[" * 25]

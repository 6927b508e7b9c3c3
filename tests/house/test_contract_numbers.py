"""Strict numbers, money, limits and names: what passes, what is refused, whatever comes."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venues.contract.errors import Refused
from venues.contract.limits import (
    LIMIT_NAMES,
    SPEC,
    RiskLimits,
    parse_changes,
    parse_flag,
    parse_limit,
    parse_reason,
    parse_revision,
)
from venues.contract.money import (
    NotANumber,
    OddNumber,
    decimals_of,
    from_micros,
    plain,
    strict_number,
    to_micros,
    venue_number,
    venue_price,
)
from venues.contract.names import GRAMMAR, RowKey, StrategyKey, check_names, is_name, row_key, strategy_key
from venues.serving.parsers import dump_json, strict_json

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner),
    max_leaves=8,
)
MONEY = st.decimals(min_value=-(10**12), max_value=10**12, places=6)
BAD_VALUES = [
    None,
    True,
    False,
    "",
    "5",
    " 5 ",
    "1_000",
    "１２",
    [],
    {},
    [5],
    {"a": 5},
    5.0,
    OddNumber("1e3"),
    OddNumber("NaN"),
    OddNumber("Infinity"),
    OddNumber("-Infinity"),
    OddNumber("1e400"),
]
BOUNDS = [
    (
        "risk_per_trade",
        ["0.0001", "1", "5", "100", "100.0000", "1.50000"],
        ["0", "-1", "100.0001", "0.00001"],
    ),
    ("stop_loss_dollars", ["0.01", "5", "1000000", "4.10"], ["0", "-0.01", "1000000.01", "0.001", "0.00"]),
    ("max_strategy_loss", ["0.01", "50", "1000000"], ["0", "-50", "1000001", "50.005"]),
]
GOOD_BOUNDS = [(name, text) for name, good, _ in BOUNDS for text in good]
BAD_BOUNDS = [(name, text) for name, _, bad in BOUNDS for text in bad]

NAMES = {
    "source": (
        ["a", "hyperliquid", "foo-bar", "a" * 32, "a1-"],
        ["", "A", "1a", "-a", "a_b", "a" * 33, "ä", "a\n"],
    ),
    "strategy_id": (
        ["m", "momentum", "Mean-Reversion_2.0", "9", "a" * 64],
        [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a%2Fb",
            "a\x00",
            "a b",
            "-a",
            "_a",
            "a" * 65,
            "моmentum",
            "a\n",
            "a@b",
            "ａ",
        ],
    ),
    "symbol": (
        ["BTC", "kPEPE", "xyz:TSLA", "@107", "A" * 32],
        ["", "..", "BTC/USD", "BTC%2F", "B TC", ":BTC", "A" * 33, "ВТС", "BTC\x00", "BTC\n", "-BTC"],
    ),
}
GOOD_NAMES = [(field, name) for field, (good, _) in NAMES.items() for name in good]
BAD_NAMES = [(field, name) for field, (_, bad) in NAMES.items() for name in bad]


@pytest.mark.parametrize("value", BAD_VALUES, ids=repr)
def test_what_is_not_a_plain_number_is_refused(value: Any) -> None:
    with pytest.raises(NotANumber):
        strict_number(value)


@given(st.integers(-(10**18), 10**18) | MONEY)
def test_a_plain_number_is_given_exactly(value: int | Decimal) -> None:
    assert strict_number(value) == value


@given(st.sampled_from(["NaN", "sNaN", "Infinity", "-Infinity"]).map(Decimal))
def test_a_number_that_is_not_finite_is_refused(value: Decimal) -> None:
    with pytest.raises(NotANumber):
        strict_number(value)
    with pytest.raises(ValueError):
        to_micros(value)


@given(MONEY)
def test_micros_hold_every_amount_of_six_decimals(amount: Decimal) -> None:
    assert from_micros(to_micros(amount)) == amount


@given(st.integers(-(2**63), 2**63 - 1))
def test_dollars_hold_every_micro(micros: int) -> None:
    assert to_micros(from_micros(micros)) == micros


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=9))
def test_plain_keeps_the_value_and_writes_no_exponent(number: Decimal) -> None:
    short = plain(number)
    assert short == number
    assert decimals_of(short) == decimals_of(number)
    assert "E" not in f"{short}" or abs(short) < Decimal("1e-6")
    assert json.loads(dump_json(short), parse_float=Decimal) == number


@pytest.mark.parametrize(
    "text",
    ["", "abc", "NaN", "Infinity", None, True, 1.5, [], "1,5", "1_000", "\uff11\uff12", " 5", "--5"],
    ids=repr,
)
def test_a_venue_s_number_is_finite_or_a_failed_read(text: Any) -> None:
    with pytest.raises(ValueError):
        venue_number(text)


@pytest.mark.parametrize("text", ["0", "-1", "0.0", "NaN", "-0"])
def test_a_venue_s_price_is_above_zero_or_a_failed_read(text: str) -> None:
    with pytest.raises(ValueError):
        venue_price(text)


@pytest.mark.parametrize(("name", "text"), GOOD_BOUNDS)
def test_a_setting_within_its_bounds_is_accepted(name: str, text: str) -> None:
    assert parse_limit(name, strict_json(text.encode())) == Decimal(text)


@pytest.mark.parametrize(("name", "text"), BAD_BOUNDS)
def test_a_setting_out_of_its_bounds_is_refused_by_its_name(name: str, text: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_changes({name: strict_json(text.encode())})
    assert list(refused.value.fields) == [name]
    assert refused.value.detail.startswith(SPEC[name].label)
    assert refused.value.code == "invalid"


@pytest.mark.parametrize("name", LIMIT_NAMES)
@pytest.mark.parametrize("value", BAD_VALUES, ids=repr)
def test_a_setting_that_is_no_plain_number_is_refused_by_its_name(name: str, value: Any) -> None:
    with pytest.raises(Refused) as refused:
        parse_changes({name: value, "stop_loss_dollars": 4} if name != "stop_loss_dollars" else {name: value})
    assert list(refused.value.fields) == [name]


@given(JSON)
def test_any_json_is_taken_or_refused_and_never_breaks(body: Any) -> None:
    try:
        changes, rest = parse_changes(body, also=("revision", "reason"))
    except Refused as refused:
        assert refused.code == "invalid"
    else:
        assert changes and set(changes) <= set(LIMIT_NAMES)
        assert set(rest) <= {"revision", "reason"}


@given(st.dictionaries(st.sampled_from([*LIMIT_NAMES, "revision", "x"]), SCALARS | MONEY, max_size=4))
def test_any_object_of_known_names_is_taken_or_names_the_wrong_ones(body: dict[str, Any]) -> None:
    try:
        changes, _ = parse_changes(body, also=("revision",))
    except Refused as refused:
        assert refused.fields
        assert set(refused.fields) <= {*body, "non_field_errors"}
    else:
        assert all(changes[name] == body[name] for name in changes)


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_parsed_or_refused_as_bad_json(body: bytes) -> None:
    try:
        strict_json(body)
    except Refused as refused:
        assert refused.code == "bad_json"


def test_no_setting_at_all_is_refused() -> None:
    for body in ({}, {"revision": 3}):
        with pytest.raises(Refused):
            parse_changes(body, also=("revision",))
    assert parse_changes({"revision": 3}, also=("revision",), required=False) == ({}, {"revision": 3})


@given(st.sampled_from(LIMIT_NAMES), st.integers(1, 10_000))
def test_changed_limits_change_nothing_else(name: str, cents: int) -> None:
    limits = RiskLimits().changed({name: Decimal(cents) / 100})
    others = [one for one in LIMIT_NAMES if one != name]
    assert getattr(limits, name) == Decimal(cents) / 100
    assert all(getattr(limits, one) == SPEC[one].default for one in others)
    assert set(limits.to_json()) == set(LIMIT_NAMES)


@pytest.mark.parametrize(
    "value", [True, -1, 1.0, "1", None, 2**53 + 1, OddNumber("1e3"), Decimal(1)], ids=repr
)
def test_a_revision_is_a_whole_number(value: Any) -> None:
    with pytest.raises(Refused) as refused:
        parse_revision(value)
    assert list(refused.value.fields) == ["revision"]
    assert parse_revision(0) == 0


@pytest.mark.parametrize("value", ["yes", 1, 0, None, "true"], ids=repr)
def test_a_flag_is_true_or_false(value: Any) -> None:
    with pytest.raises(Refused) as refused:
        parse_flag(value, "flatten")
    assert list(refused.value.fields) == ["flatten"]
    assert parse_flag(False, "flatten") is False


@pytest.mark.parametrize("value", [None, 5, "a\x00b", "a\nb", "x" * 501, "\x1b[31m"], ids=repr)
def test_a_reason_is_a_line_of_printable_text(value: Any) -> None:
    with pytest.raises(Refused):
        parse_reason(value)
    assert parse_reason("stop was too wide – 收") == "stop was too wide – 收"


@pytest.mark.parametrize(("field", "name"), GOOD_NAMES)
def test_a_well_formed_name_is_accepted(field: str, name: str) -> None:
    check_names(**{field: name})


@pytest.mark.parametrize(("field", "name"), BAD_NAMES, ids=repr)
def test_a_bad_name_is_refused_by_its_field(field: str, name: str) -> None:
    with pytest.raises(Refused) as refused:
        check_names(**{field: name})
    assert list(refused.value.fields) == [field]


@given(st.sampled_from(sorted(GRAMMAR)), JSON)
def test_any_value_is_a_name_or_not(field: str, value: Any) -> None:
    if is_name(field, value):
        assert "/" not in value and "%" not in value and value.isascii() and value.isprintable()


@given(*(st.from_regex(GRAMMAR[field], fullmatch=True) for field in ("source", "strategy_id", "symbol")))
def test_keys_hold_every_well_formed_name(source: str, strategy_id: str, symbol: str) -> None:
    assert row_key(source, strategy_id, symbol) == RowKey(source, strategy_id, symbol)
    assert strategy_key(strategy_id, symbol) == StrategyKey(strategy_id, symbol)

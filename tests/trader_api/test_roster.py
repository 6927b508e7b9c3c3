"""The strategies file: what it may hold, and how loudly anything else is refused."""

from decimal import Decimal
from pathlib import Path

import pytest

from venues.serving.environment import BASE_DIR
from venues.trader.roster import RosterEntry, RosterError, load
from venues.trader.strategies.base import Strategy
from venues.trader.strategies.builtin import AlwaysLong, EmaCross

GOOD = {
    "strategy_id": '"momentum"',
    "symbol": '"BTC"',
    "algorithm": '"ema_cross"',
    "leverage": "5",
}


def entry(**given: str) -> str:
    lines = {**GOOD, **given}
    return "[[strategy]]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items() if value)


def loaded(directory: Path, text: str | bytes) -> list[RosterEntry]:
    file = directory / "strategies.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(file)


def test_an_entry_becomes_a_strategy_with_its_parameters(tmp_path: Path) -> None:
    text = entry(name='"Momentum"', parameters="{fast = 3, slow = 9}", model_reward="123.4")
    [found] = loaded(tmp_path, text)
    assert (found.key, found.name, found.leverage) == (("momentum", "BTC"), "Momentum", 5)
    assert isinstance(found.algorithm, EmaCross)
    assert (found.algorithm.fast, found.algorithm.slow) == (3, 9)
    assert found.model_reward == Decimal("123.4")


def test_name_and_reward_are_optional(tmp_path: Path) -> None:
    [found] = loaded(tmp_path, entry())
    assert (found.name, found.model_reward) == ("momentum", None)


def test_a_dotted_path_names_a_class_of_ones_own(tmp_path: Path) -> None:
    path = "venues.trader.strategies.builtin.AlwaysLong"
    [found] = loaded(tmp_path, entry(algorithm=f'"{path}"'))
    assert isinstance(found.algorithm, AlwaysLong)


@pytest.mark.parametrize("carried", ["123.4", "-7", "0", "98765.43210"])
def test_a_model_file_carries_the_reward(tmp_path: Path, carried: str) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.json").write_text(f'{{"model_reward": {carried}, "steps": 1000}}')
    [found] = loaded(tmp_path, entry(model='"models/m.json"'))
    assert found.model_reward == Decimal(carried)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "carries no model_reward"),
        ("{}", "carries no model_reward"),
        ('{"model_reward": "12"}', "must be a number"),
        ('{"model_reward": NaN}', "must be a number"),
        ("{", "is not JSON"),
        (None, "cannot be read"),
    ],
)
def test_a_bad_model_file_is_named(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "m.json").write_text(content)
    with pytest.raises(RosterError, match=f"strategy 1 .momentum.: model .*{said}"):
        loaded(tmp_path, entry(model='"m.json"'))


WRONG = [
    *[("strategy_id", value) for value in ('""', '"../x"', '"a b"', '"ü"', f'"{"a" * 65}"', "5", "true")],
    *[("symbol", value) for value in ('""', '"B/C"', f'"{"B" * 33}"', "5")],
    *[("algorithm", value) for value in ('"nothing"', "5", '"os.path"', '"no.such.X"', '"."')],
    ("algorithm", '"venues.trader.strategies.base"'),
    ("algorithm", '"venues.trader.roster.RosterEntry"'),
    *[("leverage", value) for value in ("0", "-1", "1001", "5.0", '"5"', "true", "nan")],
    *[("name", value) for value in ('""', '" "', "5", f'"{"n" * 81}"', '"a\\nb"')],
    *[("model_reward", value) for value in ('"123"', "nan", "inf", "true", "[1]")],
    *[("parameters", value) for value in ("5", "{fast = 0}", "{fast = 48}", "{fast = 1.5}", "{fats = 3}")],
    *[("model", value) for value in ("5", '""')],
    ("surprise", "1"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_bad_field_is_refused_with_entry_and_field(tmp_path: Path, field: str, value: str) -> None:
    with pytest.raises(RosterError) as refused:
        loaded(tmp_path, entry(strategy_id='"fine"') + entry(**{field: value}))
    assert "strategies.toml: strategy 2 (" in str(refused.value)
    assert f"): {field} " in str(refused.value)


@pytest.mark.parametrize("field", GOOD)
def test_a_missing_field_is_named(tmp_path: Path, field: str) -> None:
    with pytest.raises(RosterError, match=f"strategy 1 .*: {field} is missing"):
        loaded(tmp_path, entry(**{field: ""}))


def test_reward_and_model_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RosterError, match="model and model_reward cannot both be given"):
        loaded(tmp_path, entry(model='"m.json"', model_reward="1"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[[strategy]", "is not TOML"),
        (b"\xff\xfe", "is not TOML"),
        ("strategy = 5", "write \\[\\[strategy\\]\\]"),
        ('[strategy]\nsymbol = "BTC"', "write \\[\\[strategy\\]\\]"),
        ("strategy = [5]", "strategy 1 .*: strategy must be a table"),
        ("[[strategies]]", "strategies is not known"),
        (entry() + entry(), "strategy 2 .momentum.: strategy_id and symbol BTC come twice"),
        (
            entry() + entry(strategy_id='"other"', leverage="3"),
            "strategy 2 .other.: leverage 3 differs from 5",
        ),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_says_so(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(RosterError, match=said):
        loaded(tmp_path, text)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(RosterError, match=r"none\.toml: cannot be read"):
        load(tmp_path / "none.toml")


def test_one_strategy_may_trade_two_symbols_and_one_symbol_have_two_strategies(tmp_path: Path) -> None:
    text = entry() + entry(symbol='"ETH"', leverage="3") + entry(strategy_id='"other"')
    assert len(loaded(tmp_path, text)) == 3


def test_the_shipped_file_has_the_four_of_the_contract_each_alone_on_its_symbol() -> None:
    shipped = load(BASE_DIR / "venues/hyperliquid/strategies.toml")
    keys = [("momentum", "BTC"), ("mean-reversion", "ETH"), ("breakout", "SOL"), ("trend", "HYPE")]
    assert [found.key for found in shipped] == keys
    assert {found.leverage for found in shipped} == {5}
    assert all(found.model_reward and isinstance(found.algorithm, Strategy) for found in shipped)

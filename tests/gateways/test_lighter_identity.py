"""Whose keys sign at Lighter, and on which network: named for real money, made once for paper."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from venues.lighter.gateway import connect
from venues.lighter.identity import identity_on, make_paper_identity
from venues.lighter.network import chain_of, network_of, stream_url

NAMES = ("URL", "ACCOUNT_INDEX", "API_KEY_INDEX", "API_KEY", "KILL_KEY")
KEY, OTHER = "ab" * 40, "0x" + "cd" * 40
MAINNET = "https://mainnet.zklighter.elliot.ai"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(f"LIGHTER_{name}", raising=False)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv("ENV_FILE", str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("url", "network", "chain"),
    [
        (MAINNET, "mainnet", 304),
        ("https://testnet.zklighter.elliot.ai", "testnet", 300),
        ("http://127.0.0.1:9010", "paper", 304),
    ],
)
def test_network_and_chain_follow_from_the_url(url: str, network: str, chain: int) -> None:
    assert (network_of(url), chain_of(url)) == (network, chain)
    assert stream_url("http://127.0.0.1:9010") == "ws://127.0.0.1:9010/stream"


@pytest.mark.parametrize(
    "url",
    ["http://mainnet.zklighter.elliot.ai", f"{MAINNET}:443", "https://api.rh.lighter.xyz", f"{MAINNET}./"],
)
def test_a_real_host_spelled_otherwise_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        network_of(url)


def test_paper_makes_an_identity_once_and_shows_no_key() -> None:
    me = make_paper_identity()
    assert make_paper_identity() == me
    assert me.api_key.private not in repr(me)
    keys = {"5": me.api_key.public}
    assert me.paper_account() == {"venue": "lighter", "account_index": me.account, "api_keys": keys}
    assert connect().network == "paper"


def test_real_money_is_never_traded_with_what_was_made_for_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    make_paper_identity()
    with pytest.raises(ImproperlyConfigured, match="LIGHTER_ACCOUNT_INDEX must be set to trade on mainnet"):
        identity_on("mainnet")
    monkeypatch.setenv("LIGHTER_ACCOUNT_INDEX", "17")
    with pytest.raises(ImproperlyConfigured, match="LIGHTER_API_KEY must be set"):
        identity_on("mainnet")


def test_keys_have_indexes_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTER_ACCOUNT_INDEX", "17")
    monkeypatch.setenv("LIGHTER_API_KEY", KEY)
    monkeypatch.setenv("LIGHTER_API_KEY_INDEX", "9")
    monkeypatch.setenv("LIGHTER_KILL_KEY", OTHER)
    me = identity_on("testnet")
    assert [(key.index, key.private) for key in me.keys] == [(9, KEY), (10, OTHER[2:])]
    monkeypatch.setenv("LIGHTER_KILL_KEY", f"200:{OTHER}")
    assert identity_on("testnet").keys[1].index == 200
    monkeypatch.setenv("LIGHTER_KILL_KEY", f"9:{OTHER}")
    with pytest.raises(ImproperlyConfigured, match="an index of its own"):
        identity_on("testnet")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ACCOUNT_INDEX", "0"),
        ("ACCOUNT_INDEX", "x"),
        ("API_KEY", "ab"),
        ("API_KEY", f"{KEY}:{KEY}:{KEY}"),
        ("API_KEY_INDEX", "3"),
        ("API_KEY_INDEX", "255"),
        ("KILL_KEY", f"2:{KEY}"),
    ],
)
def test_what_is_no_identity_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("LIGHTER_ACCOUNT_INDEX", "17")
    monkeypatch.setenv("LIGHTER_API_KEY", KEY)
    monkeypatch.setenv(f"LIGHTER_{name}", value)
    with pytest.raises(ImproperlyConfigured, match=f"LIGHTER_{name}"):
        identity_on("mainnet")


def test_paper_needs_the_public_half_of_a_chosen_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTER_API_KEY", KEY)
    with pytest.raises(ImproperlyConfigured, match="<private>:<public>"):
        make_paper_identity().paper_account()

"""Whose keys sign, and on which network: named for real money, made once for paper."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from venues.hyperliquid.gateway import connect
from venues.hyperliquid.identity import (
    Identity,
    address_of,
    identity_on,
    make_paper_identity,
    random_address,
    random_key,
)
from venues.hyperliquid.network import network_of, stream_url

NAMES = (
    "HYPERLIQUID_URL",
    "HYPERLIQUID_ACCOUNT",
    "HYPERLIQUID_AGENT_KEY",
    "HYPERLIQUID_KILL_KEY",
    "EXCHANGE_PORT",
)
# The first address of the well-known test phrase: a known answer for the derivation.
KNOWN_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
KNOWN_ADDRESS = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))


@pytest.mark.parametrize(
    ("url", "network"),
    [
        ("https://api.hyperliquid.xyz", "mainnet"),
        ("https://api.hyperliquid-testnet.xyz", "testnet"),
        ("http://127.0.0.1:9010", "paper"),
        ("https://api.hyperliquid.xyz.example.org", "paper"),
    ],
)
def test_the_network_follows_from_the_url(url: str, network: str) -> None:
    assert network_of(url) == network


@pytest.mark.parametrize(
    "url",
    [
        "http://api.hyperliquid.xyz",
        "https://api.hyperliquid.xyz:443",
        "https://API.hyperliquid.xyz",
        "https://api.hyperliquid.xyz./",
        "https://x@api.hyperliquid-testnet.xyz",
    ],
)
def test_a_real_host_spelled_otherwise_stops_the_start(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="must be exactly https://api"):
        network_of(url)


def test_the_stream_lies_beside_the_questions() -> None:
    assert stream_url("http://127.0.0.1:9010") == "ws://127.0.0.1:9010/ws"
    assert stream_url("https://api.hyperliquid.xyz") == "wss://api.hyperliquid.xyz/ws"


def test_a_paper_identity_is_made_once_and_kept(tmp_path: Path) -> None:
    made = make_paper_identity()
    assert make_paper_identity() == made
    assert made.agents == [address_of(made.agent_key)]
    kept = tmp_path / "secrets" / "HYPERLIQUID_AGENT_KEY"
    assert kept.read_text().strip() == made.agent_key
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_kill_key_is_a_second_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERLIQUID_KILL_KEY", KNOWN_KEY)
    made = make_paper_identity()
    assert made.agents == [address_of(made.agent_key), KNOWN_ADDRESS]


@pytest.mark.parametrize("network", ["testnet", "mainnet"])
def test_paper_s_identity_never_trades_on_a_real_network(network: str) -> None:
    make_paper_identity()
    with pytest.raises(ImproperlyConfigured, match="HYPERLIQUID_ACCOUNT must be set to trade on"):
        identity_on(network)  # type: ignore[arg-type]


def test_a_named_identity_trades_on_a_real_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERLIQUID_ACCOUNT", "0x" + "AB" * 20)
    monkeypatch.setenv("HYPERLIQUID_AGENT_KEY", KNOWN_KEY[2:])
    assert identity_on("testnet") == Identity("0x" + "ab" * 20, KNOWN_KEY)
    assert identity_on("testnet").agents == [KNOWN_ADDRESS]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HYPERLIQUID_ACCOUNT", "0x12"),
        ("HYPERLIQUID_ACCOUNT", KNOWN_KEY),
        ("HYPERLIQUID_AGENT_KEY", "0x" + "0" * 64),
        ("HYPERLIQUID_AGENT_KEY", "0x" + "f" * 64),
        ("HYPERLIQUID_AGENT_KEY", "secret"),
        ("HYPERLIQUID_KILL_KEY", "0x1"),
    ],
)
def test_a_wrong_identity_is_said_by_its_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name) as caught:
        make_paper_identity()
    if name.endswith("KEY"):
        assert value not in str(caught.value), "a key is never shown"


def test_keys_do_not_show_in_a_representation() -> None:
    assert KNOWN_KEY[2:] not in repr(Identity(random_address(), KNOWN_KEY, KNOWN_KEY))
    assert random_key() != random_key()


async def test_connect_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE_PORT", "9")
    gateway = connect()
    assert (gateway.network, gateway.venue, gateway.client_id_bits) == ("paper", "hyperliquid", 128)
    await gateway.stop()

"""`inittrader` and `runtrader`: what makes a database, what refuses, what a lost memory means (risk.md)."""

import os
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from pytest_django.fixtures import Settings

from tests.trader_api.processes import answers, environment, manage, started, until
from venues.contract.errors import Unreachable
from venues.trader.birth import Birthplace
from venues.trader.clientid import ClientId
from venues.trader.gateway import OrderState
from venues.trader.management.commands import inittrader

TOKEN = {"HYPERLIQUID_TRADER_TOKEN": "of-the-test"}
OURS = ClientId(1, 0, "stop", 7).pack(128)


def database(var: Path) -> Path:
    return var / "hyperliquid.sqlite3"


def made(var: Path) -> Path:
    """A database as inittrader makes it."""
    done = manage(var, "inittrader", "hyperliquid")
    assert done.returncode == 0, done.stderr
    return database(var)


@contextmanager
def trader(var: Path, **given: str) -> Iterator[tuple[str, Any]]:
    """A real trader without a venue to talk to."""
    env = environment(var, **TOKEN, **given)
    url = f"http://127.0.0.1:{env['HYPERLIQUID_PORT']}"
    with started(["manage.py", "runtrader", "hyperliquid"], env) as process:
        until(lambda: answers(url) or process.poll() is not None)
        yield url, process


def rows(url: str) -> list[dict[str, Any]]:
    headers = {"Authorization": "Bearer of-the-test"}
    answer = requests.get(f"{url}/api/strategies", headers=headers, timeout=3)
    return list(answer.json()["strategies"]) if answer.status_code == 200 else []


def killed(url: str) -> list[str]:
    return [row["strategy_id"] for row in rows(url) if row["is_killed"]]


@pytest.mark.processes
def test_inittrader_makes_a_durable_database_and_its_mark_and_may_be_repeated(tmp_path: Path) -> None:
    file = made(tmp_path)
    assert (tmp_path / "hyperliquid.born").is_file()
    with closing(sqlite3.connect(file)) as opened:
        assert opened.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    before = file.stat().st_ino, file.read_bytes()
    again = manage(tmp_path, "inittrader", "hyperliquid")
    assert (again.returncode, (file.stat().st_ino, file.read_bytes())) == (0, before)


@pytest.mark.processes
def test_inittrader_finishes_what_a_crash_left_unfinished(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "hyperliquid.born").unlink()
    assert manage(tmp_path, "inittrader", "hyperliquid").returncode == 0
    assert (tmp_path / "hyperliquid.born").is_file()


@pytest.mark.processes
@pytest.mark.parametrize("damage", ["missing", "empty", "garbage"])
def test_inittrader_replaces_no_lost_memory_unless_told(tmp_path: Path, damage: str) -> None:
    file = made(tmp_path)
    spoil(file, damage)
    done = manage(tmp_path, "inittrader", "hyperliquid")
    assert (done.returncode, "every strategy killed" in done.stderr) == (inittrader.MEMORY_LOST, True)
    assert not file.exists() or file.stat().st_size < 100
    done = manage(tmp_path, "inittrader", "hyperliquid", "--new")
    assert done.returncode == 0
    assert Birthplace(tmp_path, "hyperliquid").damage() is None
    kept = list(tmp_path.glob("hyperliquid.sqlite3.*T*"))
    assert bool(kept) == (damage != "missing")


def spoil(file: Path, damage: str) -> None:
    for ending in ("-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
    file.unlink()
    if damage != "missing":
        file.write_bytes(b"" if damage == "empty" else b"this is no database")


@pytest.mark.processes
def test_runtrader_never_makes_a_database(tmp_path: Path) -> None:
    done = manage(tmp_path, "runtrader", "hyperliquid")
    assert (done.returncode, "run manage.py inittrader hyperliquid first" in done.stderr) == (1, True)
    assert not database(tmp_path).exists()


@pytest.mark.processes
def test_runtrader_wants_the_mark_and_the_present_schema(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "hyperliquid.born").unlink()
    done = manage(tmp_path, "runtrader", "hyperliquid")
    assert (done.returncode, "hyperliquid.born is missing" in done.stderr) == (1, True)
    manage(tmp_path, "inittrader", "hyperliquid")
    with closing(sqlite3.connect(database(tmp_path))) as opened:
        opened.execute("DELETE FROM django_migrations WHERE app = 'trader' AND name > '0001_first'")
        opened.commit()
    done = manage(tmp_path, "runtrader", "hyperliquid")
    assert (done.returncode, "is of an older version" in done.stderr) == (1, True)


@pytest.mark.processes
@pytest.mark.parametrize("damage", ["missing", "garbage"])
def test_i13_a_lost_memory_kills_every_strategy_and_stays_so(tmp_path: Path, damage: str) -> None:
    spoil(made(tmp_path), damage)
    for _ in range(2):
        with trader(tmp_path) as (url, process):
            until(lambda: len(killed(url)) == 4)
            assert {row["kill"]["cause"] for row in rows(url)} == {"memory_lost"}
            until(lambda: not (tmp_path / "hyperliquid.kill").exists())
            os.kill(process.pid, signal.SIGKILL)


@pytest.mark.processes
def test_the_kill_file_is_obeyed_by_a_starting_and_by_a_running_trader(tmp_path: Path) -> None:
    made(tmp_path)
    manage(tmp_path, "kill", "hyperliquid", "momentum", "BTC")
    with trader(tmp_path) as (url, _):
        until(lambda: killed(url) == ["momentum"])
        begun = time.monotonic()
        manage(tmp_path, "kill", "hyperliquid", "trend", "HYPE")
        until(lambda: killed(url) == ["momentum", "trend"])
        assert time.monotonic() - begun < 5
        until(lambda: not (tmp_path / "hyperliquid.kill").exists())


@pytest.mark.processes
def test_a_second_trader_on_the_same_memory_says_so_and_ends(tmp_path: Path) -> None:
    made(tmp_path)
    with trader(tmp_path) as (url, process):
        second = manage(tmp_path, "runtrader", "hyperliquid")
        assert second.returncode == 1
        assert f"Another hyperliquid trader runs on {tmp_path} (process {process.pid})" in second.stderr
        assert "Traceback" not in second.stderr
        assert answers(url)


@pytest.mark.processes
def test_a_taken_port_is_said_and_ends_the_process(tmp_path: Path) -> None:
    made(tmp_path)
    with trader(tmp_path) as (url, _):
        other = tmp_path / "other"
        other.mkdir()
        made(other)
        port = url.rpartition(":")[2]
        done = manage(other, "runtrader", "hyperliquid", HYPERLIQUID_PORT=port)
    assert (done.returncode, f"port {port} on 127.0.0.1 is taken" in done.stderr) == (1, True)


@pytest.mark.processes
def test_sigterm_ends_a_trader_cleanly(tmp_path: Path) -> None:
    made(tmp_path)
    with trader(tmp_path) as (_, process):
        process.terminate()
        assert process.wait(8) == 0


@pytest.mark.processes
def test_beyond_loopback_a_weak_token_is_refused_at_start(tmp_path: Path) -> None:
    made(tmp_path)
    done = manage(tmp_path, "runtrader", "hyperliquid", BIND="0.0.0.0", HYPERLIQUID_TRADER_TOKEN="changeme")
    assert (done.returncode, "is not a generated token" in done.stderr) == (1, True)
    assert "changeme" not in done.stderr + done.stdout


@pytest.mark.processes
def test_a_wrong_strategies_file_is_said_in_a_sentence(tmp_path: Path) -> None:
    made(tmp_path)
    roster = tmp_path / "strategies.toml"
    roster.write_text('[[strategy]]\nstrategy_id = "momentum"\n')
    done = manage(tmp_path, "runtrader", "hyperliquid", HYPERLIQUID_STRATEGIES=str(roster))
    assert (done.returncode, "strategy 1 (momentum): symbol is missing" in done.stderr) == (1, True)
    assert "HYPERLIQUID_STRATEGIES" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_lock_is_given_back_with_the_process(tmp_path: Path) -> None:
    place = Birthplace(tmp_path, "hyperliquid")
    held = place.lock()
    with pytest.raises(ImproperlyConfigured, match=f"process {os.getpid()}"):
        place.lock()
    held.close()
    place.lock().close()


UNNAMED = {"HYPERLIQUID_URL": "https://api.hyperliquid-testnet.xyz"}
MUST = "HYPERLIQUID_ACCOUNT must be set to trade on testnet."


@pytest.mark.processes
def test_a_trader_without_an_account_says_so_on_its_faces_and_kills_all_the_same(tmp_path: Path) -> None:
    made = manage(tmp_path, "inittrader", "hyperliquid", **UNNAMED)
    assert (made.returncode, MUST in made.stdout) == (0, True)
    with trader(tmp_path, **UNNAMED) as (url, _):
        until(lambda: len(rows(url)) == 4)
        assert not any(row["enabled"] for row in rows(url))
        headers = {"Authorization": "Bearer of-the-test"}
        account = requests.get(f"{url}/api/account", headers=headers, timeout=3).json()
        assert (account["network"], MUST in account["halted"]) == ("testnet", True)
        assert MUST in requests.get(url, timeout=3).text
        kill = requests.post(f"{url}/api/strategies/momentum/BTC/kill", headers=headers, timeout=3)
        assert (kill.status_code, kill.json()["is_killed"]) == (200, True)
    with trader(tmp_path, **UNNAMED) as (url, _):
        until(lambda: killed(url) == ["momentum"])


@pytest.mark.processes
def test_a_memory_begun_without_an_account_is_born_once_the_venue_could_be_asked(tmp_path: Path) -> None:
    manage(tmp_path, "inittrader", "hyperliquid", **UNNAMED)
    assert database(tmp_path).is_file()
    assert not (tmp_path / "hyperliquid.born").exists()
    done = manage(tmp_path, "runtrader", "hyperliquid")
    assert (done.returncode, "hyperliquid.born is missing" in done.stderr) == (1, True)
    assert manage(tmp_path, "inittrader", "hyperliquid").returncode == 0
    assert (tmp_path / "hyperliquid.born").is_file()
    done = manage(tmp_path, "inittrader", "hyperliquid", "--new", **UNNAMED)
    assert (done.returncode, MUST in done.stderr) == (1, True)


@pytest.mark.processes
def test_a_url_that_is_none_of_the_venue_s_stops_the_start(tmp_path: Path) -> None:
    wrong = {"HYPERLIQUID_URL": "http://api.hyperliquid.xyz"}
    done = manage(tmp_path, "inittrader", "hyperliquid", **wrong)
    assert (done.returncode, "must be exactly https://api.hyperliquid.xyz" in done.stderr) == (1, True)


class Venue:
    """A gateway that shows these orders, or fails."""

    client_id_bits = 128

    def __init__(self, network: str, orders: Sequence[OrderState] | Exception) -> None:
        self.network = network
        self.orders = orders
        self.stopped = False

    async def open_orders(self) -> list[OrderState]:
        if isinstance(self.orders, Exception):
            raise self.orders
        return list(self.orders)

    async def stop(self) -> None:
        self.stopped = True


def resting(client_id: int | None) -> OrderState:
    return OrderState("BTC", "sell", "waiting", "1", client_id, Decimal(1))


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Any:
    """Puts a venue where the gateway is looked for."""
    settings.TRADER_VENUE = "testing"

    def put(network: str, orders: Sequence[OrderState] | Exception) -> Venue:
        found = Venue(network, orders)
        monkeypatch.setitem(sys.modules, "venues.testing", SimpleNamespace())
        monkeypatch.setitem(sys.modules, "venues.testing.gateway", SimpleNamespace(connect=lambda: found))
        return found

    return put


@pytest.mark.parametrize("network", ["paper", "testnet", "mainnet"])
def test_inittrader_refuses_where_the_venue_shows_orders_of_ours(venue: Any, network: str) -> None:
    found = venue(network, [resting(OURS), resting(None)])
    with pytest.raises(CommandError, match="shows 1 resting orders of this trader"):
        inittrader.ask_venue(anew=False)
    assert found.stopped


def test_inittrader_goes_on_where_only_other_orders_rest(venue: Any) -> None:
    venue("mainnet", [resting(None), resting(5), resting(2**127)])
    inittrader.ask_venue(anew=False)


@pytest.mark.parametrize("error", [Unreachable("nobody answers"), OSError("no route"), TimeoutError()])
def test_a_venue_that_says_nothing_stops_inittrader_on_a_real_network_only(
    venue: Any, error: Exception
) -> None:
    venue("paper", error)
    inittrader.ask_venue(anew=False)
    venue("mainnet", error)
    with pytest.raises(CommandError, match="does not say which orders rest there"):
        inittrader.ask_venue(anew=False)

"""`manage.py kill`: asks the trader, and without its word leaves a file that kills (I17)."""

import json
import os
import signal
import sqlite3
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
from pytest_django.fixtures import Settings

from tests.trader_api.processes import fake_trader, manage
from venues.contract.names import StrategyKey
from venues.trader import killfile
from venues.trader.management.commands import kill

BTC, ETH = StrategyKey("momentum", "BTC"), StrategyKey("mean-reversion", "ETH")
TOKEN = {"HYPERLIQUID_TRADER_TOKEN": "of-the-test"}


def lines(var: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (var / "hyperliquid.kill").read_text().splitlines()]


def killed(url: str) -> set[str]:
    headers = {"Authorization": "Bearer of-the-test"}
    rows = requests.get(f"{url}/api/strategies", headers=headers, timeout=3).json()["strategies"]
    return {row["strategy_id"] for row in rows if row["is_killed"]}


@pytest.mark.processes
def test_i17_without_a_trader_the_kill_is_written_and_said(tmp_path: Path) -> None:
    done = manage(tmp_path, "kill", "hyperliquid", "momentum", "BTC")
    assert done.returncode == 0
    assert "does not answer" in done.stdout
    assert str(tmp_path / "hyperliquid.kill") in done.stdout
    assert "Until then open trades stay open" in done.stdout
    assert "check the name" not in done.stderr  # there is no memory to ask
    manage(tmp_path, "kill", "hyperliquid")
    assert lines(tmp_path) == [{"strategy_id": "momentum", "symbol": "BTC"}, {}]
    orders = killfile.read(tmp_path / "hyperliquid.kill")
    assert orders is not None
    assert orders.everything


@pytest.mark.processes
def test_i17_a_trader_that_answers_kills_one_or_all_and_no_file_is_left(tmp_path: Path) -> None:
    with fake_trader(tmp_path, **TOKEN) as (url, _):
        port = url.rpartition(":")[2]
        done = manage(tmp_path, "kill", "hyperliquid", "momentum", "BTC", HYPERLIQUID_PORT=port, **TOKEN)
        assert (done.returncode, "momentum BTC" in done.stdout) == (0, True)
        assert killed(url) == {"momentum"}
        done = manage(tmp_path, "kill", "hyperliquid", "nobody", "BTC", HYPERLIQUID_PORT=port, **TOKEN)
        assert (done.returncode, "no such strategy" in done.stderr) == (1, True)
        manage(tmp_path, "kill", "hyperliquid", HYPERLIQUID_PORT=port, **TOKEN)
        assert killed(url) == {"momentum", "mean-reversion", "shares"}
    assert not (tmp_path / "hyperliquid.kill").exists()


@pytest.mark.processes
def test_a_name_that_the_memory_does_not_have_is_said_and_written_all_the_same(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "hyperliquid.sqlite3")) as memory, memory:
        memory.execute("CREATE TABLE trader_strategy (strategy_id TEXT, symbol TEXT)")
        memory.execute("INSERT INTO trader_strategy VALUES ('momentum', 'BTC')")
    done = manage(tmp_path, "kill", "hyperliquid", "momentum", "BTC")
    assert (done.returncode, "check the name" in done.stderr) == (0, False)
    done = manage(tmp_path, "kill", "hyperliquid", "momentun", "BTC")
    assert (done.returncode, "no strategy momentun BTC: check the name" in done.stderr) == (0, True)
    assert [line["strategy_id"] for line in lines(tmp_path)] == ["momentum", "momentun"]


@pytest.mark.processes
def test_i17_a_frozen_trader_and_a_wrong_token_lead_to_the_file(tmp_path: Path) -> None:
    with fake_trader(tmp_path, **TOKEN) as (url, process):
        port = url.rpartition(":")[2]
        wrong = {"HYPERLIQUID_TRADER_TOKEN": "another"}
        done = manage(tmp_path, "kill", "hyperliquid", "momentum", "BTC", HYPERLIQUID_PORT=port, **wrong)
        assert (done.returncode, "answers 401" in done.stdout, len(lines(tmp_path))) == (0, True, 1)
        os.kill(process.pid, signal.SIGSTOP)
        begun = time.monotonic()
        done = manage(tmp_path, "kill", "hyperliquid", HYPERLIQUID_PORT=port, **TOKEN)
        os.kill(process.pid, signal.SIGCONT)
    assert (done.returncode, lines(tmp_path)[-1]) == (0, {})
    assert time.monotonic() - begun < 15  # 2 s of waiting, the rest a busy machine starting Python


@pytest.mark.processes
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hyperliquid", "momentum"], "Name strategy_id and symbol"),
        (["hyperliquid", "a/b", "BTC"], "strategy_id is not well-formed"),
        (["hyperliquid", "momentum", "../x"], "symbol is not well-formed"),
        (["nowhere"], "There is no venue 'nowhere'"),
    ],
)
def test_a_kill_that_names_nonsense_says_so_and_writes_nothing(
    tmp_path: Path, words: list[str], said: str
) -> None:
    done = manage(tmp_path, "kill", *words)
    assert (done.returncode, said in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*.kill"))


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:9002"),
        ("0.0.0.0", "http://127.0.0.1:9002"),
        ("::", "http://[::1]:9002"),
        ("10.0.0.5", "http://10.0.0.5:9002"),
        ("trader", "http://trader:9002"),
    ],
)
def test_the_trader_is_asked_where_it_listens(settings: Settings, bind: str, url: str) -> None:
    settings.TRADER_BIND, settings.TRADER_PORT = bind, 9002
    assert kill.address() == url


class FullDisk(BaseHTTPRequestHandler):
    """A trader whose disk refuses every kill."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.answer(200, {"strategies": [key._asdict() for key in (BTC, ETH)]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append(self.path)
        self.answer(503, {"detail": "The kill is in force.", "code": "not_durable", "fields": {}})

    def answer(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


def test_i17_a_trader_with_a_full_disk_is_asked_to_kill_every_strategy(settings: Settings) -> None:
    FullDisk.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), FullDisk) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.TRADER_BIND, settings.TRADER_PORT = "127.0.0.1", server.server_port
        settings.TRADER_TOKEN = "of-the-test"
        with pytest.raises(kill.NoAnswer, match="its disk refuses the kill"):
            kill.ask_trader([], 2.0)
        server.shutdown()
    assert FullDisk.asked == [f"/api/strategies/{key.strategy_id}/{key.symbol}/kill" for key in (BTC, ETH)]


def test_the_kill_file_holds_every_kill_written_at_once(tmp_path: Path) -> None:
    path = killfile.path_of(tmp_path, "hyperliquid")
    keys = [StrategyKey(f"s{number}", "BTC") for number in range(40)]
    with ThreadPool(8) as pool:
        pool.map(lambda key: killfile.write(path, [key]), keys)
    orders = killfile.read(path)
    assert orders is not None
    assert set(orders.keys) == set(keys)
    assert not orders.everything


def test_what_is_added_after_reading_is_not_cleared(tmp_path: Path) -> None:
    path = killfile.path_of(tmp_path, "hyperliquid")
    killfile.write(path, [BTC])
    orders = killfile.read(path)
    assert orders is not None
    killfile.write(path, [ETH])
    killfile.clear(path, orders)
    again = killfile.read(path)
    assert again is not None
    assert again.keys == (BTC, ETH)
    killfile.clear(path, again)
    assert killfile.read(path) is None
    killfile.clear(path, again)


def test_every_write_is_synced_with_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    really = os.fsync

    def fsync(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        really(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    path = killfile.path_of(tmp_path, "hyperliquid")
    killfile.write(path, [BTC])
    assert synced == [path.stat().st_ino, tmp_path.stat().st_ino]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"{}\n",
        b"garbage\n",
        b'{"strategy_id": "momentum"',
        b"[]\n",
        b"\xff\n",
        b'{"strategy_id": 5, "symbol": "BTC"}',
    ],
)
def test_a_line_that_cannot_be_read_kills_everything(tmp_path: Path, text: bytes) -> None:
    path = killfile.path_of(tmp_path, "hyperliquid")
    path.write_bytes(text)
    orders = killfile.read(path)
    assert orders is not None
    assert orders.everything


def test_a_kill_after_a_line_that_a_crash_cut_off_is_whole(tmp_path: Path) -> None:
    path = killfile.path_of(tmp_path, "hyperliquid")
    path.write_bytes(b'{"strategy_id": "mom')
    killfile.write(path, [ETH])
    orders = killfile.read(path)
    assert orders is not None
    assert orders.keys == (ETH,)
    assert orders.everything

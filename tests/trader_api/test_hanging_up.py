"""An asker that hangs up: what was begun is finished, a resume nobody waits for is not begun."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.trader_api.asgi_client import LIMIT_S, scope, talk_to
from tests.trader_api.conftest import PROGRAM
from tests.trader_api.fake_engine import FakeEngine
from tests.trader_api.processes import fake_trader

ROW = "/api/strategies/momentum/BTC"
TOKEN = "of-the-test"
WRITES = [
    ("PUT", f"{ROW}/settings", {"stop_loss_dollars": 4}, "apply_settings", "settings"),
    (
        "PUT",
        "/api/strategies/settings",
        [{"strategy_id": "momentum", "symbol": "BTC", "stop_loss_dollars": 4}],
        "apply_settings_list",
        "settings",
    ),
    ("POST", f"{ROW}/enable", {}, "enable", "enable"),
    ("POST", f"{ROW}/disable", {}, "disable", "disable"),
    ("POST", f"{ROW}/kill", {}, "kill", "kill"),
    ("POST", f"{ROW}/close", {}, "close", "close"),
]


class SlowDisk:
    """Lets one method of an engine wait between its begin and its end."""

    def __init__(self, engine: FakeEngine, method: str) -> None:
        self.begun = asyncio.Event()
        self.answers = asyncio.Event()
        self.ended = asyncio.Event()
        self.then = getattr(engine, method)
        setattr(engine, method, self.write)

    async def write(self, *given: Any) -> Any:
        self.begun.set()
        await self.answers.wait()
        state = await self.then(*given)
        self.ended.set()
        return state


@pytest.mark.parametrize(("method", "path", "body", "step", "done"), WRITES)
async def test_a_change_begun_is_finished_though_the_asker_hangs_up(
    application: Any, engine: FakeEngine, method: str, path: str, body: Any, step: str, done: str
) -> None:
    disk = SlowDisk(engine, step)
    content = json.dumps(body).encode()
    headers = {**PROGRAM, "content-type": "application/json", "content-length": str(len(content))}
    talk = talk_to(application, {**scope("http", path, headers, "127.0.0.1"), "method": method})
    await talk.send_input({"type": "http.request", "body": content, "more_body": False})
    await asyncio.wait_for(disk.begun.wait(), LIMIT_S)
    await talk.send_input({"type": "http.disconnect"})
    await talk.wait(LIMIT_S)
    disk.answers.set()
    await asyncio.wait_for(disk.ended.wait(), LIMIT_S)
    assert done in engine.asked


@pytest.mark.processes
@pytest.mark.parametrize("words", ["reset-kill-switch", "enable"])
def test_a_resume_given_up_while_the_trader_was_frozen_never_happens(tmp_path: Path, words: str) -> None:
    program = {"Authorization": f"Bearer {TOKEN}"}
    before = "kill" if words == "reset-kill-switch" else "disable"
    with fake_trader(tmp_path, HYPERLIQUID_TRADER_TOKEN=TOKEN) as (url, process):
        assert requests.post(f"{url}{ROW}/{before}", headers=program, timeout=5).ok
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(requests.ReadTimeout):
            requests.post(f"{url}{ROW}/{words}", headers=program, timeout=0.5)
        process.send_signal(signal.SIGCONT)
        for _ in range(50):  # far longer than a resume waits to see its asker gone
            requests.get(f"{url}/healthz", timeout=5)
        row = requests.get(f"{url}{ROW}", headers=program, timeout=5).json()
        assert row["is_killed"] if before == "kill" else not row["enabled"]
        assert requests.post(f"{url}{ROW}/{words}", headers=program, timeout=5).ok

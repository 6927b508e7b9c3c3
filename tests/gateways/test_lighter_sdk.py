"""Lighter's SDK as it is installed: beside a current urllib3, loaded by Lighter's trader alone."""

import os
import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import pytest

from tests.gateways.lighter_stub import ACCOUNT, running_lighter
from venues.lighter import session
from venues.lighter.drafts import Draft
from venues.lighter.gateway import Sdk, new_key
from venues.lighter.identity import ApiKey, Identity

ROOT = Path(__file__).resolve().parents[2]
ME = Identity(ACCOUNT, ApiKey(5, *new_key()))
OTHERS = """
import sys
import django
django.setup()
import venues.hyperliquid.gateway, venues.trader.asgi, venues.trader.engine
import venues.lighter.identity, venues.lighter.network
sys.exit(any(name.partition(".")[0] == "lighter" for name in sys.modules))
"""


def test_urllib3_is_current_though_the_sdk_declares_an_old_one() -> None:
    assert tuple(int(part) for part in version("urllib3").split(".")[:2]) >= (2, 8)
    assert any(line.startswith("urllib3") and "<2.1" in line for line in requires("lighter-sdk") or [])
    assert version("lighter-sdk") == "1.1.8"


async def test_all_that_we_ask_and_sign_works_as_it_is_installed() -> None:
    async with running_lighter() as stub:
        sdk = Sdk(stub.url, ME)
        token, error = sdk.token(600, 1_795_335_000, 5)
        assert error is None and token is not None
        asked = {
            "status": sdk.status(),
            "orderBookDetails": sdk.markets(),
            "account": sdk.account(),
            "accountLimits": sdk.limits(token),
            "candles": sdk.candles(1, 0, 5),
            "accountActiveOrders": sdk.open_orders(token),
            "accountOrders": sdk.orders([7, 8], token),
            "trades": sdk.trades(None, token),
            "positionFunding": sdk.payments("cursor", token),
            "nextNonce": sdk.next_nonce(5),
        }
        for question in asked.values():
            response = await question
            await response.read()
        assert stub.asked == list(asked)[1:]
        assert set(stub.tokens) == {token}
        order = Draft(1, 7, 100, 400_000, 0, 1, 0, 0, 0, 0)
        stop = order._replace(client_index=8, size=0, is_ask=1, kind=2, reduce_only=1, trigger=390_000)
        signed = [
            sdk.sign_orders([order], 5, 1),
            sdk.sign_orders([order, stop._replace(expiry_ms=1_797_753_691_929)], 5, 2),
            sdk.sign_cancel(1, 7, 5, 3),
            sdk.sign_leverage(1, 2000, 0, 5, 4),
        ]
        for one in signed:
            assert one.error is None and one.kind is not None and one.info is not None
            assert (await sdk.post(one.kind, one.info)).status == 200
        assert [kind for kind, _ in stub.sent] == [14, 28, 15, 20]
        assert stub.nonces == [1, 2, 3, 4]
        await sdk.close()


def test_no_other_trader_loads_the_sdk(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OTHERS],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "venues.trader.settings",
            "TRADER_VENUE": "hyperliquid",
            "VAR_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr or "the SDK was loaded"


def test_a_proxy_of_the_environment_is_not_asked_about_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "example.org")
    session.without_proxies()
    session.without_proxies()
    assert os.environ["NO_PROXY"] == "example.org,127.0.0.1,localhost"

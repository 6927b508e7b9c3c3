"""The commands beside PM: users, tokens, prepare's own part, what `ready` prints."""

import os
import socket
import stat
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from pytest_django import Settings
from rest_framework.test import APIClient

from portfolio import supervise
from portfolio.access import role_of
from portfolio.firstlogin import take_first_login
from portfolio.management.commands import prepare, ready
from portfolio.models import Trader
from tests.conftest import PASSWORD
from tests.house.sources import ROOT
from tests.pm.fake_trader import FakeTrader
from venues.contract.states import Account

LIST = "/api/risk/strategies"


@pytest.fixture
def var_dir(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A VAR_DIR of one test."""
    settings.VAR_DIR = tmp_path
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.delenv("PM_ADMIN_PASSWORD", raising=False)
    return tmp_path


def run(*words: str, **given: Any) -> str:
    out = StringIO()
    call_command(*words, stdout=out, **given)
    return out.getvalue()


def test_createtoken_prints_the_key_alone(viewer: User) -> None:
    printed = run("createtoken", "vera")
    key = printed.strip()
    assert printed == f"{key}\n"
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    assert client.get(LIST).status_code == 200


def test_createtoken_for_days(viewer: User) -> None:
    from knox.models import AuthToken

    run("createtoken", "vera", "--days", "2")
    token = AuthToken.objects.get()
    assert (token.expiry - token.created).days in {1, 2}
    for days in ("0", "-1", "4000"):
        with pytest.raises(CommandError, match="--days"):
            run("createtoken", "vera", "--days", days)
    with pytest.raises(CommandError, match="no user 'ghost'"):
        run("createtoken", "ghost")


def test_adduser_reads_the_password_from_the_environment(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PM_PASSWORD", PASSWORD)
    run("adduser", "olga", "--role", "operator")
    user = User.objects.get(username="olga")
    assert user.check_password(PASSWORD)
    assert role_of(user) == "operator"
    with pytest.raises(CommandError, match="already exists"):
        run("adduser", "olga", "--role", "viewer")


@pytest.mark.parametrize("password", ["short", "password1234", ""])
def test_adduser_refuses_a_poor_password(db: None, monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    monkeypatch.delenv("PM_PASSWORD", raising=False)
    monkeypatch.setattr("sys.stdin", StringIO(password + "\n"))
    with pytest.raises(CommandError):
        run("adduser", "olga", "--role", "viewer")
    assert not User.objects.exists()


def test_adduser_reads_the_password_from_standard_input(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PM_PASSWORD", raising=False)
    monkeypatch.setattr("sys.stdin", StringIO(PASSWORD + "\n"))
    run("adduser", "olga", "--role", "viewer")
    assert User.objects.get().check_password(PASSWORD)


def test_the_first_password_is_generated_and_handed_over_once(db: None, var_dir: Path) -> None:
    prepare.prepare_pm()
    marker = var_dir / "first-login"
    assert stat.S_IMODE(marker.stat().st_mode) == 0o600
    (line,) = take_first_login()
    name, password = line.split(" / ")
    assert name == "admin"
    assert not marker.exists()
    assert take_first_login() == []
    user = User.objects.get()
    assert (user.username, role_of(user), user.check_password(password)) == ("admin", "admin", True)
    prepare.prepare_pm()
    assert take_first_login() == []
    assert User.objects.get().check_password(password)


def test_a_chosen_password_is_applied_at_every_start(
    db: None, var_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PM_ADMIN_PASSWORD", "chosen by the operator")
    prepare.prepare_pm()
    (line,) = take_first_login()
    assert "chosen by the operator" not in line
    user = User.objects.get()
    assert user.check_password("chosen by the operator")
    user.set_password("changed in the admin")
    user.save()
    prepare.prepare_pm()
    assert User.objects.get().check_password("chosen by the operator")


@pytest.mark.parametrize("content", ["", "\n"])
def test_no_start_makes_the_first_password_blank(
    content: str, db: None, var_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text(content)
    monkeypatch.setenv("PM_ADMIN_PASSWORD_FILE", str(tmp_path / "password"))
    with pytest.raises(ImproperlyConfigured, match="PM_ADMIN_PASSWORD_FILE"):
        prepare.prepare_pm()
    monkeypatch.setenv("PM_ADMIN_PASSWORD", " ")
    with pytest.raises(ImproperlyConfigured, match="PM_ADMIN_PASSWORD"):
        prepare.prepare_pm()
    assert not User.objects.exists()


WEAK = [("secret", "at least 8 characters"), ("1qaz2wsx3edc", "too common")]


@pytest.mark.parametrize(("weak", "said"), WEAK)
def test_a_weak_first_password_is_told_of_on_one_machine(
    weak: str, said: str, db: None, var_dir: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("PM_ADMIN_PASSWORD", weak)
    prepare.prepare_pm()
    assert User.objects.get().check_password(weak)
    told = capsys.readouterr().err
    assert told.startswith("PM_ADMIN_PASSWORD is weak: ")
    assert said in told
    assert weak not in told


@pytest.mark.parametrize(("weak", "said"), WEAK)
@pytest.mark.parametrize("reach", [{"BIND": "0.0.0.0"}, {"ORIGIN_HOSTS": ["127.0.0.1", "pm.example.com"]}])
def test_a_weak_first_password_stops_a_start_where_others_reach_pm(
    reach: dict[str, Any], weak: str, said: str, db: None, var_dir: Path, settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("PM_ADMIN_PASSWORD", weak)
    for name, value in reach.items():
        setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured, match=f"PM_ADMIN_PASSWORD is weak: .*{said}"):
        prepare.prepare_pm()
    assert not User.objects.exists()


@pytest.mark.parametrize(("weak", "said"), WEAK)
def test_no_user_is_added_with_a_weak_password(
    weak: str, said: str, db: None, var_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PM_PASSWORD", weak)
    with pytest.raises(CommandError, match=said):
        call_command("adduser", "otto", "--role", "operator")


def test_an_admin_that_was_removed_is_not_made_again(
    viewer: User, var_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare.prepare_pm()
    assert not User.objects.filter(username="admin").exists()


def test_the_registry_follows_the_ports_but_not_over_an_admins_choice(
    db: None, var_dir: Path, settings: Settings
) -> None:
    prepare.prepare_pm()
    trader = Trader.objects.get(source="hyperliquid")
    assert trader.url == f"http://127.0.0.1:{settings.TRADER_PORTS['hyperliquid']}"
    settings.TRADER_PORTS = {**settings.TRADER_PORTS, "hyperliquid": 9999}
    prepare.prepare_pm()
    traders = Trader.objects.filter(source="hyperliquid")
    assert traders.get().url == "http://127.0.0.1:9999"
    traders.update(url="http://10.0.0.5:9002", enabled=False)
    prepare.prepare_pm()
    assert traders.values_list("url", "enabled").get() == ("http://10.0.0.5:9002", False)


def test_ready_says_where_everything_is(
    db: None, var_dir: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUN_STARTED_AT", raising=False)
    prepare.prepare_pm()
    text = "\n".join(ready.ready_lines({"hyperliquid": "online"}, {}, 0))
    assert settings.PM_ORIGINS[0] in text
    assert "admin / " in text
    assert "hyperliquid (paper), online" in text
    assert "paper, http://127.0.0.1:" in text
    assert str(var_dir / "log") in text
    assert " s\n" in text
    assert "First login" not in "\n".join(ready.ready_lines({"hyperliquid": "online"}, {}, 0))


def test_ready_says_which_trader_opens_nothing_and_why(
    db: None, var_dir: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ready, "TRADING_LIMIT_S", 0.1)
    monkeypatch.setenv("HYPERLIQUID_TRADER_TOKEN", "a-token")
    with FakeTrader() as trader:
        settings.TRADER_PORTS = {"hyperliquid": trader.port, "lighter": 9}
        assert ready.wait_trading(["hyperliquid", "lighter"]) == {}
        trader.account = Account(halted="HYPERLIQUID_ACCOUNT must be set to trade on testnet.")
        halts = ready.wait_trading(["hyperliquid", "lighter"])
    text = "\n".join(ready.ready_lines({"hyperliquid": "online", "lighter": "offline"}, halts, 0))
    assert "HALTED, opens nothing: HYPERLIQUID_ACCOUNT must be set to trade on testnet." in text
    assert f"OFFLINE: see {var_dir / 'log' / 'lighter.log'}" in text


def test_ready_calls_a_late_trader_still_starting_and_a_refused_one_offline(
    db: None, var_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUN_STARTED_AT", "1000")
    log = var_dir / "log" / "lighter.log"
    log.parent.mkdir()
    log.write_text("of the run before\n")

    def said(wrote_at: int) -> str:
        os.utime(log, (wrote_at, wrote_at))
        return "\n".join(ready.ready_lines({"lighter": "offline"}, {}, 0))

    assert f"still starting: see {log}" in said(999)
    assert f"OFFLINE: see {log}" in said(1001)
    (var_dir / "lighter.lock").write_text(f"{os.getppid()}\n")
    assert f"still starting: see {log}" in said(1001)


@pytest.mark.parametrize(
    ("name", "value"),
    [("KILL_ON", "foo"), ("EXCHANGE_FEED", "nonsense"), ("EXCHANGE_FEED", "replay:none.csv")],
)
def test_a_bad_setting_is_told_once_in_a_sentence(tmp_path: Path, name: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "prepare"],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "VAR_DIR": str(tmp_path),
            "ENV_FILE": str(tmp_path / "none"),
            name: value,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count(name) == 1
    assert "0x" not in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_a_second_start_is_told_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("PM_PORT", str(taken.getsockname()[1]))
        for pid, said in ((os.getppid(), "is running already"), (ended.pid, "taken by another program")):
            (tmp_path / "supervisord.pid").write_text(f"{pid}\n")
            with pytest.raises(ImproperlyConfigured, match=said):
                supervise.check_ports(["PM_PORT"])

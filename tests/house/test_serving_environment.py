"""Configuration is read loudly: a bad value stops the start and names its variable."""

import os
import stat
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from venues.serving import environment

NAME = "SOME_SETTING"


@pytest.fixture(autouse=True)
def no_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ENV_FILE", str(tmp_path / ".env"))
    monkeypatch.delenv(NAME, raising=False)
    return tmp_path / ".env"


BAD = [
    ("integer", "1.5", (3,)),
    ("integer", "", None),
    ("integer", "1e3", (3,)),
    ("integer", "１２", (3,)),
    ("integer", "1_000", (3,)),
    ("integer", "-1", (3,)),
    ("integer", "9" * 30, (3,)),
    ("port", "0", (9004,)),
    ("port", "65536", (9004,)),
    ("port", "http", (9004,)),
    ("decimal", "x", ("5", "0", "100")),
    ("decimal", "NaN", ("5", "0", "100")),
    ("decimal", "Infinity", ("5", "0", "100")),
    ("decimal", "100.1", ("5", "0", "100")),
    ("decimal", "-1", ("5", "0", "100")),
    ("decimal", "１２", ("5", "0", "100")),
    ("decimal", "1_0", ("5", "0", "100")),
    ("decimal", "1e1", ("5", "0", "100")),
    ("decimal", ".", ("5", "0", "100")),
    ("host", "a b", ("127.0.0.1",)),
    ("host", "999.1.1.1", ("127.0.0.1",)),
    ("host", "http://x", ("127.0.0.1",)),
    ("hosts", "http://x", (["localhost"],)),
    ("hosts", "localhost,*", (["localhost"],)),
    ("hosts", "trader:9002", (["localhost"],)),
    ("origins", "https://pm.example:port", ([],)),
    ("origins", "https://me@pm.example", ([],)),
    ("origins", "https://*.example", ([],)),
    ("origins", "https://pm.example/path", ([],)),
    ("origins", "pm.example", ([],)),
    ("choice", "Loss", ("loss", ("loss", "drawdown"))),
    ("url", "127.0.0.1:9010", ("http://x",)),
    ("url", "ftp://x", ("http://x",)),
    ("url", "http://", ("http://x",)),
    ("url", "http://host:port", ("http://x",)),
    ("url", "http://host:99999", ("http://x",)),
]


@pytest.mark.parametrize(("kind", "text", "arguments"), [one for one in BAD if one[2]], ids=repr)
def test_a_bad_value_stops_the_start_and_names_its_variable(
    kind: str, text: str, arguments: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ImproperlyConfigured, match=NAME):
        getattr(environment, kind)(NAME, *arguments)


GOOD = [
    ("integer", " 12 ", (3,), 12),
    ("integer", "", (3,), 3),
    ("port", "9004", (1,), 9004),
    ("decimal", "0.10", ("5", "0", "100"), Decimal("0.10")),
    ("choice", "drawdown", ("loss", ("loss", "drawdown")), "drawdown"),
    ("url", "https://host:1/x/", ("http://x",), "https://host:1/x"),
    ("decimal", ".5", ("5", "0", "100"), Decimal("0.5")),
    ("host", "::1", ("127.0.0.1",), "::1"),
    ("hosts", "[::1], trader_1 ,10.0.0.7", ([],), ["::1", "trader_1", "10.0.0.7"]),
    ("hosts", "", (["localhost"],), ["localhost"]),
    ("origins", "https://PM.example/,http://[::1]:9004", ([],), ["https://pm.example", "http://[::1]:9004"]),
    ("words", " a, b ,,c", (), ["a", "b", "c"]),
    ("text", " x ", (), "x"),
]


@pytest.mark.parametrize(("kind", "text", "arguments", "value"), GOOD, ids=repr)
def test_a_good_value_is_given(
    kind: str, text: str, arguments: Any, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, text)
    assert getattr(environment, kind)(NAME, *arguments) == value


def test_what_is_not_set_has_its_default() -> None:
    assert environment.integer(NAME, 7) == 7
    assert environment.text(NAME) == ""
    assert environment.words(NAME, "a,b") == ["a", "b"]
    assert environment.raw(NAME) is None


def test_the_file_is_read_where_the_environment_is_silent(
    no_dotenv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_dotenv.write_text(f"{NAME}=12\n")
    assert environment.integer(NAME, 3) == 12
    monkeypatch.setenv(NAME, "13")
    assert environment.integer(NAME, 3) == 13


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_a_secret_that_did_not_arrive_stops_the_start(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    monkeypatch.setenv(f"{NAME}_FILE", str(file))
    with pytest.raises(ImproperlyConfigured, match=f"{NAME}_FILE"):
        environment.raw(NAME)
    file.write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME}_FILE"):
        environment.raw(NAME)
    file.write_bytes(b"secret\n")
    assert environment.raw(NAME) == "secret"


@pytest.mark.parametrize("where", ["a-file", "a-file/below"])
def test_a_folder_that_cannot_be_made_stops_the_start(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a-file").touch()
    monkeypatch.setenv("VAR_DIR", str(tmp_path / where))
    with pytest.raises(ImproperlyConfigured, match="VAR_DIR"):
        environment.var_dir()


def test_a_relative_folder_lies_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "deep" / "var"))
    assert environment.var_dir() == tmp_path / "deep" / "var"
    assert environment.var_dir().is_dir()


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A VAR_DIR that is not made yet."""
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "var"))
    return tmp_path / "var"


def mode(path: Path) -> int:
    """Give a path's permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_made_for_its_user_alone(kept: Path) -> None:
    assert mode(environment.var_dir()) == 0o700
    assert environment.exposure() is None


@pytest.mark.parametrize("holds", [[], ["secrets", "log"]], ids=["nothing", "ours"])
def test_a_folder_of_ours_is_closed_to_others(kept: Path, holds: list[str]) -> None:
    kept.mkdir()
    kept.chmod(0o755)
    for name in holds:
        (kept / name).mkdir()
    assert mode(environment.var_dir()) == 0o700
    assert environment.exposure() is None


@pytest.mark.parametrize(("bits", "holds"), [(0o1777, "secrets"), (0o755, "photographs")])
def test_a_folder_of_others_stays_as_it_is_and_is_told_of(kept: Path, bits: int, holds: str) -> None:
    (kept / holds).mkdir(parents=True)
    kept.chmod(bits)
    assert mode(environment.var_dir()) == bits
    assert str(kept) in (environment.exposure() or "")


def test_a_folder_of_another_user_is_not_touched(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.mkdir()
    kept.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: kept.stat().st_uid + 1)
    assert mode(environment.var_dir()) == 0o755
    assert str(kept) in (environment.exposure() or "")

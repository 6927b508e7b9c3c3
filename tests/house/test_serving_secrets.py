"""Secrets are made once, kept for their owner alone, and the same for every process."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.house.sources import ROOT
from venues.serving import secrets

NAME = "SOME_TOKEN"


@pytest.fixture(autouse=True)
def var_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv("ENV_FILE", str(tmp_path / "no.env"))
    monkeypatch.delenv(NAME, raising=False)
    return tmp_path


def test_a_secret_is_made_once_and_remembered(var_dir: Path) -> None:
    first = secrets.secret(NAME)
    assert len(first) >= 40
    assert secrets.secret(NAME) == first == secrets.find(NAME)
    assert secrets.was_generated(NAME)
    assert (var_dir / "secrets" / NAME).read_text().strip() == first


def test_nobody_else_can_read_a_secret(var_dir: Path) -> None:
    secrets.secret(NAME)
    assert stat.S_IMODE((var_dir / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((var_dir / "secrets" / NAME).stat().st_mode) == 0o600
    assert [file.name for file in (var_dir / "secrets").iterdir()] == [NAME]


def test_the_environment_wins_over_what_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = secrets.secret(NAME)
    monkeypatch.setenv(NAME, " chosen \n")
    assert secrets.secret(NAME) == "chosen" != made
    assert not secrets.was_generated(NAME)


def test_a_secret_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from a file\n")
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "token"))
    assert secrets.secret(NAME) == "from a file"
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ImproperlyConfigured, match=f"{NAME}_FILE"):
        secrets.secret(NAME)


def test_an_empty_secret_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "   ")
    with pytest.raises(ImproperlyConfigured, match=NAME):
        secrets.secret(NAME)


def test_no_secret_is_found_where_there_is_none() -> None:
    assert secrets.find(NAME) is None


def test_processes_that_start_together_agree(var_dir: Path) -> None:
    program = f"from venues.serving.secrets import secret; print(secret({NAME!r}), flush=True)"
    racing = [
        subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = {process.communicate(timeout=30)[0].strip() for process in racing}
    assert said == {(var_dir / "secrets" / NAME).read_text().strip()}


def test_only_the_first_of_two_is_kept() -> None:
    assert secrets.keep(NAME, "first") == "first"
    assert secrets.keep(NAME, "second") == "first"


@pytest.mark.parametrize(
    ("given", "equal"),
    [("right", True), (b"right", True), ("wrong", False), ("righ", False), ("", False), (None, False),
     ("ключ", False), (b"\xff\xfe", False), ("right\x00", False), ("\udcff", False)],
)  # fmt: skip
def test_a_secret_is_compared_whatever_is_given(given: str | bytes | None, equal: bool) -> None:
    assert secrets.same(given, "right") is equal


def test_an_empty_expectation_is_never_met() -> None:
    assert not secrets.same("", "")
    assert not secrets.same(b"", "")

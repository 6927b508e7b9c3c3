"""A name in `.env` that nobody reads is refused with its line; `.env.example` is the list of names."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.house.sources import ROOT, tracked
from venues.serving import dotenv
from venues.serving.traders import TRADER_PORTS

# Handed from one process to the next, or meant for every program: nobody writes them into `.env`.
PASSED_ON = {
    "DJANGO_SETTINGS_MODULE",
    "ENV_FILE",
    "EXCHANGE_HERE",
    "NO_PROXY",
    "RUN_STARTED_AT",
    "TRADER_VENUE",
}
NAME = re.compile(r"(\{\}|[A-Z]+)(_[A-Z]+)+|BIND")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `.env` lies in one test."""
    monkeypatch.setenv("ENV_FILE", str(tmp_path / ".env"))
    return tmp_path / ".env"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("HYPERLIQIUD_PORT=9003", "there is no setting HYPERLIQIUD_PORT. Did you mean HYPERLIQUID_PORT?"),
        ("MAX_RISK_PER_TRADES=1", "Did you mean MAX_RISK_PER_TRADE?"),
        ("pm_port=9005", "Did you mean PM_PORT?"),
        ("HYPERLIQUID_AGENT_KEYFILE=/x", "Did you mean HYPERLIQUID_AGENT_KEY?"),
        ("export KILLON=drawdown", "Did you mean KILL_ON?"),
        ("EDITOR_OF_MINE=vi", ".env.example lists the names"),
        ("KILL_ON drawdown", "neither NAME=value nor a comment"),
        (" KILL_ON=drawdown", "neither NAME=value nor a comment"),
    ],
)
def test_a_line_that_nobody_reads_is_named(file: Path, line: str, said: str) -> None:
    file.write_text(f"# mine\n\nPM_PORT=9005\n{line}\n")
    (fault,) = dotenv.faults()
    assert fault.startswith(f"{file}, line 4: ")
    assert said in fault
    with pytest.raises(ImproperlyConfigured, match="line 4"):
        dotenv.check()


def test_what_somebody_reads_passes(file: Path) -> None:
    file.write_text(
        "# a comment\n  # another\n \nPM_PORT=9005\nexport BIND=127.0.0.1\nLIGHTER_API_KEY_FILE=/run/key\n"
        "FOO_BAR_TRADER_TOKEN=x\nCOMPOSE_PROJECT_NAME=pog\n"
    )
    assert dotenv.faults() == []
    file.unlink()
    assert dotenv.faults() == []


def test_names_of_other_programs_can_be_listed(file: Path) -> None:
    file.write_text("EDITOR_OF_MINE=vi\nBACKUP_HOST=x\nOTHER_NAMES=EDITOR_OF_MINE, BACKUP_*\n")
    assert dotenv.faults() == []


def test_no_value_is_shown(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.write_text(" HYPERLIQUID_AGENT_KEY=0xfeed\nHYPERLIQUID_AGENT_KEYS=0xfeed\n")
    assert len(dotenv.faults()) == 2
    assert "0xfeed" not in " ".join(dotenv.faults()) + caplog.text


def test_a_file_that_cannot_be_read_is_named(file: Path) -> None:
    file.write_bytes(b"PM_PORT=\xff\n")
    with pytest.raises(ImproperlyConfigured, match=r"\.env cannot be read"):
        dotenv.check()


@pytest.mark.parametrize("words", [["-m", "portfolio.supervise"], ["manage.py", "prepare"]], ids=str)
def test_nothing_starts_with_a_misspelt_name(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / ".env").write_text("HYPERLIQIUD_PORT=9003\n")
    var = tmp_path / "var"
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "ENV_FILE": str(tmp_path / ".env"), "VAR_DIR": str(var)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "line 1: there is no setting HYPERLIQIUD_PORT. Did you mean HYPERLIQUID_PORT?" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (var / "pm.sqlite3").exists()


def test_the_example_lists_what_is_read_and_nothing_else() -> None:
    read = {name for path in tracked("venues/**.py", "portfolio/**.py") for name in names_in(path)}
    listed = set(dotenv.LISTED.findall((ROOT / ".env.example").read_text()))
    assert {name for name in read if "{}" not in name} - PASSED_ON <= listed
    per_venue = {
        name.format(venue.upper()) for name in read if name.startswith("{}") for venue in TRADER_PORTS
    }
    assert per_venue <= listed
    assert listed <= read | per_venue


def names_in(path: str) -> set[str]:
    """Give what looks like a variable's name in a file that reads the environment: `{}` is a venue."""
    tree = ast.parse((ROOT / path).read_text())
    if not re.search(r"\b(environ(ment)?|secrets)\b", (ROOT / path).read_text()):
        return set()
    keys = {key for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys if key}
    found = {
        text_of(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr) and node not in keys
    }
    return {text for text in found if NAME.fullmatch(text)} - {"{}_FILE"}


def text_of(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)

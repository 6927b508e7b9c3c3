"""What the papers tell a stranger is so: links, commands, variables, defaults."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import ROOT, tracked

README = (ROOT / "README.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
READ = "import sys\nfrom venues.serving.environment import text\nprint(*map(text, sys.argv[1:]), sep='\\n')"
PAPERS = tracked("*.md")
VARIABLE = re.compile(r"^#([A-Z_]+)=(.*)$", re.M)


@pytest.mark.parametrize("paper", PAPERS)
def test_every_link_leads_somewhere(paper: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / paper).read_text())
    missing = [link for link in links if not (ROOT / paper).parent.joinpath(link).exists()]
    assert missing == []


def test_every_make_target_named_is_there() -> None:
    named = set(re.findall(r"`make ([a-z-]+)", README))
    there = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M))
    assert named <= there
    assert {"run", "test", "lint", "bench", "prove", "screenshots", "clean", "lock"} <= there


def test_every_proof_named_is_there() -> None:
    proofs = set(re.findall(r"`(tests/[a-z_/.]+)`", README)) | set(
        re.findall(r"\((?:`)?(tests/[a-z_/.]+)", README)
    )
    assert proofs
    assert [proof for proof in proofs if not (ROOT / proof).exists()] == []


def test_every_command_named_is_there() -> None:
    named = set(re.findall(r"manage\.py ([a-z]+)", README))
    there = {Path(path).stem for path in tracked("*/management/commands/*.py")}
    assert named <= there


def test_the_example_s_lines_mean_what_they_show(tmp_path: Path) -> None:
    shown = dict(VARIABLE.findall(EXAMPLE))
    assert len(shown) >= 20
    file = tmp_path / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in shown.items()))
    done = subprocess.run(
        [sys.executable, "-c", READ, *shown],
        cwd=ROOT,
        env={"ENV_FILE": str(file), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == list(shown.values())

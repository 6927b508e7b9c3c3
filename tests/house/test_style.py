"""What of the house style can be checked by counting (style.md)."""

import ast
import re

import pytest

from tests.house.sources import ROOT, tracked


def read(path: str) -> str:
    return (ROOT / path).read_text()


PYTHON = [path for path in tracked("*.py") if "/migrations/" not in path and read(path).strip()]
TEMPLATES = tracked("templates/*.html")
TEXT = [path for path in tracked() if not path.endswith((".png", ".ico", ".woff2", ".csv"))]
# Split, so that this file does not contain what it looks for.
WORDS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
REGISTRIES = re.compile(
    r"py" r"pi\.(?:org|python)|python" r"hosted\.org|registry\.np" r"mjs|registry-1\.docker", re.I
)
HOME = re.compile(r"(?<![\w.])/wo" r"rk/|/ro" r"ot/")
EMPTY_NAMES = {"utils", "helpers", "common", "manager", "managers", "misc"}


def found(pattern: re.Pattern[str], paths: list[str]) -> list[str]:
    return [f"{path}: {hit[0]}" for path in paths for hit in pattern.finditer(read(path))]


@pytest.mark.parametrize("path", PYTHON)
def test_a_module_starts_with_a_sentence(path: str) -> None:
    tree = ast.parse(read(path))
    said = ast.get_docstring(tree)
    assert said, f"{path} has no docstring"
    assert said.split("\n")[0].rstrip().endswith((".", "?", "!")), f"{path}: {said.splitlines()[0]!r}"


@pytest.mark.parametrize("path", PYTHON)
def test_a_file_is_split_before_it_is_long(path: str) -> None:
    longest = 600 if path.startswith("tests/") else 400
    assert len(read(path).splitlines()) <= longest


@pytest.mark.parametrize("path", TEMPLATES)
def test_a_template_is_short_and_starts_with_its_context(path: str) -> None:
    text = read(path)
    assert len(text.splitlines()) <= 150
    assert text.lstrip().startswith(("{#", "{% comment", "{% extends", "{% load")), f"{path} has no comment"
    assert "{#" in text or "{% comment" in text


def test_nine_of_ten_functions_are_under_thirty_lines() -> None:
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for path in PYTHON
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[len(lengths) * 9 // 10] < 30


def test_nothing_waits_to_be_done() -> None:
    assert found(WORDS, TEXT) == []


def test_no_package_registry_and_no_machine_is_named() -> None:
    assert found(REGISTRIES, TEXT) == []
    assert found(HOME, TEXT) == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = {part for path in PYTHON for part in path.removesuffix(".py").split("/")}
    assert not names & EMPTY_NAMES


@pytest.mark.parametrize("path", ["requirements.txt", "requirements-dev.txt", "requirements-lighter.txt"])
def test_every_requirement_is_pinned_with_hashes(path: str) -> None:
    blocks = re.split(r"\n(?=[A-Za-z0-9])", read(path))
    pinned = [block for block in blocks if not block.startswith(("#", "-"))]
    assert len(pinned) > (0 if "lighter" in path else 15)
    for block in pinned:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==\S+", block), block.splitlines()[0]
        assert "--hash=sha256:" in block, block.splitlines()[0]


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_what_is_asked_for_is_what_is_locked(name: str) -> None:
    asked = re.findall(r"^([A-Za-z0-9][A-Za-z0-9_-]*)", read(f"{name}.in"), re.M)
    locked = {
        one.lower().replace("_", "-")
        for one in re.findall(r"^([A-Za-z0-9._-]+)[=\[]", read(f"{name}.txt"), re.M)
    }
    assert {one.lower() for one in asked} <= locked

"""A venue is one folder and one line of a list: docs/adding-a-venue.md, as far as it can be checked."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from portfolio.supervise import PORTS, write_programs
from tests.house.sources import ROOT, is_inside, modules, tracked
from venues.paper.settings import FACES
from venues.serving import dotenv
from venues.serving.traders import TRADER_PORTS

LIST = "venues.serving.traders"
OFFERED = {
    "gateway": ("CLIENT_ID_BITS", "connect"),
    "network": ("venue_url", "network_of"),
    "identity": ("identity_on", "make_paper_identity"),
    "paper": ("VENUE", "open_face"),
}
WORDLESS = ("templates/**", "static/**", "supervisord.conf")  # what shows or runs any venue names none


def said(source: str) -> Iterator[str]:
    """Give the names and texts of a Python file, its docstrings aside."""
    tree = ast.parse(source)
    described = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)  # type: ignore[attr-defined]
        for node in ast.walk(tree)
        if isinstance(node, described) and ast.get_docstring(node) is not None
    }
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in docstrings:
                yield text
            case ast.Name(id=text) | ast.Attribute(attr=text) | ast.alias(name=text):
                yield text
            case ast.ImportFrom(module=str(text)) | ast.FunctionDef(name=text) | ast.ClassDef(name=text):
                yield text


@pytest.mark.parametrize("venue", TRADER_PORTS)
def test_a_venue_has_what_the_recipe_names(venue: str) -> None:
    for module, names in OFFERED.items():
        found = import_module(f"venues.{venue}.{module}")
        assert [name for name in names if not hasattr(found, name)] == [], found.__name__
    assert import_module(f"venues.{venue}.paper").VENUE.name == venue
    assert hasattr(import_module(f"tests.gateways.{venue}"), "open_venue")
    assert (ROOT / "venues" / venue / "strategies.toml").is_file()
    prefix = venue.upper()
    settings = {f"{prefix}_{name}" for name in ("PORT", "URL", "STRATEGIES", "TRADER_TOKEN")}
    assert settings <= set(dotenv.LISTED.findall((ROOT / ".env.example").read_text()))


@pytest.mark.parametrize("venue", TRADER_PORTS)
def test_a_venue_is_named_in_its_own_folder_and_one_list(venue: str) -> None:
    own = f"venues.{venue}"
    others = [one for one in modules() if not is_inside(one.name, own, LIST)]
    naming = [
        f"{one.name}: {text}"
        for one in others
        for text in said((ROOT / one.path).read_text())
        if venue in text.lower()
    ]
    naming += [path for path in tracked(*WORDLESS) if venue.encode() in (ROOT / path).read_bytes().lower()]
    assert naming == []


def test_the_list_is_all_that_a_further_venue_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert set(PORTS) == {"PM_PORT", "EXCHANGE_PORT", *(f"{venue.upper()}_PORT" for venue in TRADER_PORTS)}
    assert list(FACES) == [f"venues.{venue}.paper" for venue in TRADER_PORTS]
    monkeypatch.setitem(TRADER_PORTS, "mockx", 9202)
    programs = write_programs(tmp_path).read_text()
    for venue in TRADER_PORTS:
        assert f"[program:{venue}]" in programs
        assert f"manage.py runtrader {venue}\n" in programs
        assert f"/log/{venue}.log\n" in programs
    assert "VENUE" not in programs


def test_every_form_of_naming_is_seen() -> None:
    source = (
        '"""a"""\nimport b.x\nfrom c import d\ndef e():\n    """f"""\n    return g.h, "i"\nclass J: ...\n'
    )
    assert set(said(source)) == {"b.x", "c", "d", "e", "g", "h", "i", "J"}

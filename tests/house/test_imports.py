"""Riskcontrol decides, portfolio knows, venues do: one direction of import (architecture.md)."""

import pytest

from tests.house.sources import Module, imported, is_inside, modules, within
from venues.serving.traders import TRADER_PORTS

COMPOSITION_ROOT = ("portfolio.settings", "portfolio.urls", "portfolio.asgi", "portfolio.management")
SDKS = {"hyperliquid": "venues.hyperliquid.gateway", "lighter": "venues.lighter.gateway"}
VENUES = tuple(f"venues.{venue}" for venue in TRADER_PORTS)

# What a pure module may use of the standard library: nothing that reads, writes, waits or asks the time.
PURE_LIBRARY = {
    "abc", "collections", "dataclasses", "decimal", "enum", "fractions", "functools", "heapq", "itertools",
    "math", "operator", "re", "typing", "hashlib", "bisect",
}  # fmt: skip
CONTRACT_LAYERS = [{"money", "errors"}, {"names", "limits"}, {"states"}, {"listing"}, {"messages"}]
PURE_TRADER = ("clientid", "denied", "killswitch", "sizing", "ledger", "stops", "gateway")
FACES = ("api", "pages", "live", "admin", "urls", "asgi", "console", "pageactions")


def breaches(found: list[Module], *forbidden: str) -> list[str]:
    return [f"{module.name} imports {one}" for module in found for one in module.reaches(*forbidden)]


def outside(found: list[Module], allowed: set[str]) -> list[str]:
    return [
        f"{module.name} imports {one}"
        for module in found
        for one in module.imports
        if not is_inside(one, *allowed)
    ]


def test_venues_know_neither_portfolio_nor_riskcontrol() -> None:
    assert breaches(within("venues"), "portfolio", "riskcontrol") == []


def test_portfolio_does_not_know_riskcontrol_but_at_its_composition_root() -> None:
    inner = [one for one in within("portfolio") if not is_inside(one.name, *COMPOSITION_ROOT)]
    assert breaches(inner, "riskcontrol") == []


def test_pm_uses_of_venues_only_the_contract_the_adapter_the_stream_and_serving() -> None:
    pm = within("portfolio", "riskcontrol")
    assert breaches(pm, "venues.trader", "venues.paper", *VENUES) == []


def test_the_contract_is_pure() -> None:
    assert outside(within("venues.contract"), PURE_LIBRARY | {"venues.contract"}) == []


def test_the_contract_is_layered() -> None:
    below: set[str] = set()
    for layer in CONTRACT_LAYERS:
        for name in sorted(layer):
            module = within(f"venues.contract.{name}")[0]
            used = {one.split(".")[2] for one in module.imports if one.startswith("venues.contract.")}
            assert used <= below, f"{module.name} may import {sorted(below)} only"
        below |= layer


def test_every_contract_module_has_a_layer() -> None:
    names = {module.name.rpartition(".")[2] for module in within("venues.contract")} - {"contract"}
    assert names == set.union(*CONTRACT_LAYERS)


def test_serving_knows_no_domain() -> None:
    assert (
        breaches(within("venues.serving"), "venues.trader", "venues.paper", "venues.adapter", *VENUES) == []
    )


def test_paper_and_trader_import_no_venue() -> None:
    assert breaches(within("venues.paper", "venues.trader"), *VENUES) == []


def test_a_venue_s_two_sides_share_nothing() -> None:
    for venue in VENUES:
        assert breaches(within(f"{venue}.paper"), f"{venue}.gateway", *SDKS) == []
        assert breaches(within(f"{venue}.gateway"), f"{venue}.paper", "venues.paper") == []


@pytest.mark.parametrize("sdk", sorted(SDKS))
def test_an_sdk_is_imported_by_its_gateway_alone(sdk: str) -> None:
    users = {module.name for module in modules() if module.reaches(sdk)}
    assert users <= {SDKS[sdk]}


@pytest.mark.parametrize("name", PURE_TRADER)
def test_a_trader_s_decisions_are_pure(name: str) -> None:
    allowed = PURE_LIBRARY | {"venues.contract"} | {f"venues.trader.{one}" for one in PURE_TRADER}
    assert outside(within(f"venues.trader.{name}"), allowed) == []


@pytest.mark.parametrize("folder", ["venues.trader", "portfolio", "riskcontrol"])
def test_nothing_but_a_face_imports_a_face(folder: str) -> None:
    faces = [f"{folder}.{face}" for face in FACES]
    inner = [one for one in within(folder) if not is_inside(one.name, *faces, f"{folder}.management")]
    assert breaches(inner, *faces) == []


def test_delivery_never_calls_operations() -> None:
    assert breaches(within("riskcontrol.delivery"), "riskcontrol.operations") == []


def test_the_reader_of_imports_sees_every_form() -> None:
    source = "import a.b\nfrom c import d\ndef f():\n    from . import e\n    from ..g import h\n"
    assert {"a.b", "c.d", "x.y.e", "x.g.h"} <= imported(source, "x.y")


def test_a_planted_import_is_found() -> None:
    planted = Module("venues.planted", "venues/planted.py", imported("import riskcontrol.models", "venues"))
    assert breaches([planted], "riskcontrol") == ["venues.planted imports riskcontrol.models"]

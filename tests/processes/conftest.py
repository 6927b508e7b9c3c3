"""Fixtures that start products and always end them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes.product import VENUES, Product

# What PM and the supervisor do is the same for every trader: proven with the first, repeated by `make prove`.
# A trader that dies is proven with each in test_both_venues.py.
SAME_FOR_EVERY_TRADER = ("test_a_process_that_is_killed", "kill_9_of_everything", "command")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them all, and repetitions slow."""
    for item in items:
        if item.path.parent != Path(__file__).parent:
            continue
        venue = getattr(item, "callspec", None) and item.callspec.params.get("venue")  # type: ignore[attr-defined]
        item.add_marker(pytest.mark.processes)
        if venue not in {None, VENUES[0]} and any(name in item.nodeid for name in SAME_FOR_EVERY_TRADER):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module", params=VENUES)
def venue(request: pytest.FixtureRequest) -> str:
    """Each venue's trader: what holds for one holds for all."""
    return str(request.param)


@pytest.fixture
def start(tmp_path: Path, venue: str) -> Iterator[Callable[..., Product]]:
    """Give a function that starts a product with the options of Product; it ends with the test."""
    yield from starting(tmp_path, venue)


@pytest.fixture(scope="module")
def start_shared(tmp_path_factory: pytest.TempPathFactory, venue: str) -> Iterator[Callable[..., Product]]:
    """The same for a product that the tests of a module share: each puts it into the state it needs."""
    yield from starting(tmp_path_factory.mktemp("shared"), venue)


def starting(folder: Path, venue: str) -> Iterator[Callable[..., Product]]:
    started: list[Product] = []

    def begin(**options: Any) -> Product:
        place = folder / f"product-{len(started)}"
        place.mkdir()
        started.append(Product(place, **{"venue": venue, **options}))
        return started[-1].start()

    yield begin
    for product in started:
        product.stop()

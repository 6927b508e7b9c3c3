"""Fixtures that start products and always end them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes.product import VENUES, Product


@pytest.fixture(params=VENUES)
def venue(request: pytest.FixtureRequest) -> str:
    """Each venue's trader: what holds for one holds for all."""
    return str(request.param)


@pytest.fixture
def start(tmp_path: Path, venue: str) -> Iterator[Callable[..., Product]]:
    """Give a function that starts a product with the options of Product; it ends with the test."""
    started: list[Product] = []

    def begin(**options: Any) -> Product:
        folder = tmp_path / f"product-{len(started)}"
        folder.mkdir()
        started.append(Product(folder, **{"venue": venue, **options}))
        return started[-1].start()

    yield begin
    for product in started:
        product.stop()

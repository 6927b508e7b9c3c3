"""Fixtures that start products and always end them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes.product import Product


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Product]]:
    """Give a function that starts a product with the options of Product; it ends with the test."""
    started: list[Product] = []

    def begin(**options: Any) -> Product:
        folder = tmp_path / f"product-{len(started)}"
        folder.mkdir()
        started.append(Product(folder, **options))
        return started[-1].start()

    yield begin
    for product in started:
        product.stop()

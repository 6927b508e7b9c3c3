"""Random crashes and freezes of every process: kills hold, accepted changes stay, money adds up."""

import pytest

from tests.processes import hard_day
from tests.processes.product import Product

STEPS = 150


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_a_hard_day_loses_nothing(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp(f"seed-{seed}")
    product = Product(folder, supervised=True, strategies=hard_day.STRATEGIES, speed="0")
    try:
        with hard_day.on(product.start(), seed) as day:
            for number in range(STEPS):
                day.step()
                if number % 50 == 49:
                    day.settle()
                    day.check()
    finally:
        product.stop()

"""SQLite is durable or the process does not start; money in it loses no digit."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections, models, transaction
from hypothesis import given
from hypothesis import strategies as st

from venues.contract.money import from_micros
from venues.serving.database import assert_durable, sqlite
from venues.serving.fields import MoneyField

ALIAS = "house"
DURABLE = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"


class Purse(models.Model):
    """A model with money, in no migration: its table is made by the test."""

    amount = MoneyField(null=True)
    objects: models.Manager["Purse"] = models.Manager()

    class Meta:
        app_label = "house"

    def __str__(self) -> str:
        return f"{self.amount}"


@pytest.fixture(autouse=True)
def _open(django_db_blocker: Any) -> Iterator[None]:
    """Let these tests open files of their own beside the test database."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[Any]:
    """A database of its own, opened as every process opens one."""
    yield from opened(sqlite(tmp_path / "house.sqlite3"))


def opened(settings: dict[str, Any]) -> Iterator[Any]:
    connections[ALIAS] = connections["default"].__class__(
        {**connections["default"].settings_dict, **settings}, ALIAS
    )
    connections.settings[ALIAS] = connections[ALIAS].settings_dict
    try:
        yield connections[ALIAS]
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.settings[ALIAS]


def test_our_databases_are_durable(durable: Any) -> None:
    assert_durable(ALIAS)


@pytest.mark.parametrize(
    ("init", "names"),
    [
        ("", "journal_mode"),
        (DURABLE.replace("WAL", "DELETE"), "journal_mode"),
        (DURABLE.replace("FULL", "NORMAL"), "synchronous"),
        (DURABLE.replace("FULL", "OFF"), "synchronous"),
        (DURABLE.replace("foreign_keys=ON", "foreign_keys=OFF"), "foreign_keys"),
    ],
)
def test_a_database_that_would_lose_a_change_stops_the_start(tmp_path: Path, init: str, names: str) -> None:
    settings = sqlite(tmp_path / "loose.sqlite3")
    settings["OPTIONS"]["init_command"] = init
    for _ in opened(settings):
        with pytest.raises(ImproperlyConfigured, match=names):
            assert_durable(ALIAS)


def test_a_database_whose_transactions_lock_late_stops_the_start(tmp_path: Path) -> None:
    settings = sqlite(tmp_path / "late.sqlite3")
    settings["OPTIONS"]["transaction_mode"] = "DEFERRED"
    for _ in opened(settings):
        with pytest.raises(ImproperlyConfigured, match="transaction_mode"):
            assert_durable(ALIAS)


def test_a_transaction_takes_the_write_lock_at_once(durable: Any, tmp_path: Path) -> None:
    import sqlite3

    with transaction.atomic(using=ALIAS):
        other = sqlite3.connect(tmp_path / "house.sqlite3", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_money_comes_back_from_the_database_exactly(durable: Any) -> None:
    amounts = [from_micros(micros) for micros in (0, 1, -1, 2**63 - 1, -(2**63), 123_456_789_012_345_678)]
    with durable.schema_editor() as editor:
        editor.create_model(Purse)
    for amount in [*amounts, None]:
        made = Purse.objects.using(ALIAS).create(amount=amount)
        assert Purse.objects.using(ALIAS).get(pk=made.pk).amount == amount
        assert Purse.objects.using(ALIAS).filter(amount=amount).count() == 1
    with durable.cursor() as cursor:
        kinds = {kind for (kind,) in cursor.execute("SELECT typeof(amount) FROM house_purse")}
    assert kinds == {"integer", "null"}
    ordered = Purse.objects.using(ALIAS).exclude(amount=None).order_by("amount")
    assert [purse.amount for purse in ordered] == sorted(amounts)


def test_money_is_never_rounded_into_the_database(durable: Any) -> None:
    with durable.schema_editor() as editor:
        editor.create_model(Purse)
    with pytest.raises(ValueError, match="six decimals"):
        Purse.objects.using(ALIAS).create(amount=Decimal("0.0000001"))
    with pytest.raises((OperationalError, OverflowError)):
        Purse.objects.using(ALIAS).create(amount=Decimal(10) ** 14)


@given(st.integers(-(2**63), 2**63 - 1))
def test_the_field_holds_every_micro(micros: int) -> None:
    field = MoneyField()
    amount = field.from_db_value(micros, None, None)
    assert amount == Decimal(micros) / 1_000_000
    assert field.get_prep_value(amount) == micros
    assert field.to_python(str(amount)) == amount


def test_a_form_takes_money_as_a_decimal() -> None:
    assert MoneyField().formfield().clean("12.345678") == Decimal("12.345678")

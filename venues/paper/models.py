"""The tables of the exchange's memory; `store` reads and writes them, the state is JSON."""

# ruff: noqa: DJ008  # rows are read by `store` alone, never shown
from django.db import models


class Kept(models.Model):
    """What is kept as one JSON text."""

    state = models.TextField()

    class Meta:
        abstract = True


class Counters(Kept):
    """The market clock and the numbers given out; one row."""

    name = models.CharField(max_length=32, primary_key=True)


class MarketRow(Kept):
    """One symbol's market."""

    symbol = models.CharField(max_length=32, primary_key=True)


class AccountRow(Kept):
    """One account, by `venue:name`."""

    name = models.CharField(max_length=128, primary_key=True)


class OrderRow(Kept):
    """One order, open or closed."""

    oid = models.BigIntegerField(primary_key=True)
    account = models.CharField(max_length=128)
    is_final = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["account", "is_final", "oid"], name="paper_order_account")]


class FillRow(Kept):
    """One execution."""

    tid = models.BigIntegerField(primary_key=True)
    account = models.CharField(max_length=128)

    class Meta:
        indexes = [models.Index(fields=["account", "tid"], name="paper_fill_account")]


class PaymentRow(Kept):
    """One funding payment."""

    number = models.BigIntegerField(primary_key=True)
    account = models.CharField(max_length=128)

    class Meta:
        indexes = [models.Index(fields=["account", "number"], name="paper_payment_account")]


class CandleRow(Kept):
    """One closed minute of a symbol."""

    name = models.CharField(max_length=64, primary_key=True)
    symbol = models.CharField(max_length=32)
    open_ms = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["symbol", "open_ms"], name="paper_candle_symbol")]


class RecordRow(Kept):
    """What only a face knows of, by a name of its own."""

    name = models.CharField(max_length=128, primary_key=True)


class RateRow(Kept):
    """One hour's funding rate of a symbol."""

    symbol = models.CharField(max_length=32)
    at_ms = models.BigIntegerField()

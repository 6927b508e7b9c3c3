"""Which traders there are, and what they report: written by `portfolio.book` alone."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from portfolio.hosts import check_trader_url
from venues.contract.errors import Refused
from venues.contract.names import SENTENCE, RowKey, is_name
from venues.serving.fields import ExactJSONField, MoneyField


def check_source(value: str) -> None:
    """Raise ValidationError unless the slug is well-formed."""
    if not is_name("source", value):
        raise ValidationError(SENTENCE["source"])


def check_url(value: str) -> None:
    """Raise ValidationError unless PM may go there."""
    try:
        check_trader_url(value)
    except Refused as error:
        raise ValidationError(error.fields["url"]) from None


class Trader(models.Model):
    """One trader process in the registry; its token is in the environment, never here."""

    source = models.CharField(max_length=32, unique=True, validators=[check_source])
    url = models.CharField("URL", max_length=200, validators=[check_url])
    enabled = models.BooleanField(default=True, help_text="Whether PM follows this trader.")
    heard_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["source"]

    def __str__(self) -> str:
        """Name it by its source."""
        return self.source

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the URL in one spelling."""
        self.url = self.url.strip().rstrip("/")
        super().save(*args, **kwargs)


class Strategy(models.Model):
    """One strategy as its trader last reported it; `report` is the whole of it."""

    trader = models.ForeignKey(Trader, models.PROTECT, related_name="strategies")
    strategy_id = models.CharField(max_length=64)
    symbol = models.CharField(max_length=32)
    present = models.BooleanField(default=True, help_text="Whether the trader still runs it.")
    is_killed = models.BooleanField(default=False)
    epoch = models.BigIntegerField(default=0)
    total_pnl = MoneyField(null=True)
    report = ExactJSONField()
    reported_at = models.DateTimeField()

    class Meta:
        ordering = ["trader__source", "strategy_id", "symbol"]
        verbose_name_plural = "strategies"
        constraints = [
            models.UniqueConstraint(fields=["trader", "strategy_id", "symbol"], name="one_row_per_strategy")
        ]

    def __str__(self) -> str:
        """Name it as paths do."""
        return "/".join(self.key)

    @property
    def key(self) -> RowKey:
        """The name of its row; reads the trader."""
        return RowKey(self.trader.source, self.strategy_id, self.symbol)


class Transition(models.Model):
    """A change of a strategy's status: Active, Disabled, Killed; with the cause of a kill."""

    strategy = models.ForeignKey(Strategy, models.CASCADE, related_name="transitions")
    at = models.DateTimeField()
    before = models.CharField(max_length=16)
    after = models.CharField(max_length=16)
    epoch = models.BigIntegerField()
    cause = models.CharField(max_length=32, blank=True)
    total_pnl = MoneyField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        """Say what became of what."""
        return f"{self.strategy}: {self.before} → {self.after}"


class EquityPoint(models.Model):
    """The equity of one trader's account at one minute."""

    trader = models.ForeignKey(Trader, models.CASCADE, related_name="equity_points")
    at = models.DateTimeField()
    equity = MoneyField()
    margin_used = MoneyField(null=True)

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["trader", "at"], name="equity_by_time")]

    def __str__(self) -> str:
        """Say how much and when."""
        return f"{self.trader} {self.equity} at {self.at:%Y-%m-%d %H:%M}"


class ClosedTrade(models.Model):
    """One closed trade as its trader reported it; `report` is the whole of it."""

    trader = models.ForeignKey(Trader, models.CASCADE, related_name="closed_trades")
    trade_id = models.CharField(max_length=100)
    strategy_id = models.CharField(max_length=64)
    symbol = models.CharField(max_length=32)
    closed_at = models.CharField(max_length=40)
    pnl = MoneyField()
    report = ExactJSONField()

    class Meta:
        ordering = ["-closed_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["trader", "trade_id"], name="one_record_per_trade")]

    def __str__(self) -> str:
        """Say which and what it made."""
        return f"{self.strategy_id}/{self.symbol} {self.pnl}"

"""What PM desires, who changed it, and what has still to reach a trader: written by `operations`."""

from collections.abc import Collection
from typing import Any

from django.db import models

from portfolio.models import Strategy
from venues.contract.limits import RiskLimits
from venues.serving.fields import ExactJSONField, MoneyField


class RiskSettings(models.Model):
    """The desired settings of one strategy; every change moves `revision` up, by one UPDATE … WHERE."""

    strategy = models.OneToOneField(Strategy, models.PROTECT, related_name="settings")
    enabled = models.BooleanField()
    risk_per_trade = MoneyField("Risk/Trade (%)")
    stop_loss_dollars = MoneyField("Stop Loss ($)")
    max_strategy_loss = MoneyField("Max DD ($)")
    revision = models.BigIntegerField(default=0)
    enabling = models.BigIntegerField(null=True, help_text="Revision of an enable that nobody answered.")
    refused = ExactJSONField(default=dict, help_text="The values that the trader refused, by field.")
    refusals = ExactJSONField(default=dict, help_text="The trader's sentence for each of them.")
    refused_fields = ExactJSONField(default=dict, help_text="What it said by field, for each of them.")
    changed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "risk settings"

    def __str__(self) -> str:
        """Name strategy and revision."""
        return f"{self.strategy} at revision {self.revision}"

    def without_refusals(self, names: Collection[str]) -> dict[str, Any]:
        """Give the columns of what was refused, less these fields: they are asked for anew."""
        return {
            column: {name: said for name, said in getattr(self, column).items() if name not in names}
            for column in ("refused", "refusals", "refused_fields")
        }

    @property
    def limits(self) -> RiskLimits:
        """The three settings."""
        return RiskLimits(self.risk_per_trade, self.stop_loss_dollars, self.max_strategy_loss)


class Change(models.Model):
    """One audit record (api.md, "Changing"): names are text, so that it outlives what it speaks of."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    via = models.CharField(max_length=8)
    ip = models.GenericIPAddressField(null=True)
    action = models.CharField(max_length=16)
    source = models.CharField(max_length=32, blank=True)
    strategy_id = models.CharField(max_length=64, blank=True)
    symbol = models.CharField(max_length=32, blank=True)
    revision = models.BigIntegerField(null=True)
    before = ExactJSONField(default=dict)
    after = ExactJSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)
    outcome = models.CharField(max_length=16)
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["source", "strategy_id", "symbol", "-id"], name="changes_of_a_row")]

    def __str__(self) -> str:
        """Say who did what."""
        return f"{self.actor}: {self.action} {self.source}/{self.strategy_id}/{self.symbol}"


class Delivery(models.Model):
    """One command on its way to a trader; those of a strategy leave in the order of their ids."""

    class Kind(models.TextChoices):
        SETTINGS = "settings"
        DISABLE = "disable"
        KILL = "kill"

    class State(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        REJECTED = "rejected"
        SUPERSEDED = "superseded"

    strategy = models.ForeignKey(Strategy, models.PROTECT, related_name="deliveries")
    change = models.OneToOneField(Change, models.PROTECT, related_name="delivery")
    kind = models.CharField(max_length=8, choices=Kind)
    body = ExactJSONField(default=dict)
    revision = models.BigIntegerField(null=True)
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    tries = models.IntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["strategy", "id"], condition=models.Q(state="pending"), name="still_to_deliver"
            )
        ]

    def __str__(self) -> str:
        """Say what goes where."""
        return f"{self.kind} for {self.strategy}: {self.state}"

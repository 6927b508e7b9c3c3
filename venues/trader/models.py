"""The trader's memory on disk: strategies, orders, bookings, closed trades, and what else must last."""

from django.db import models

from venues.serving.fields import MoneyField


class Strategy(models.Model):
    """One strategy: settings in force, kill, epoch. Its id goes into every client id."""

    strategy_id = models.CharField(max_length=64)
    symbol = models.CharField(max_length=32)
    enabled = models.BooleanField()
    risk_per_trade = MoneyField()
    stop_loss_dollars = MoneyField()
    max_strategy_loss = MoneyField()
    revision = models.BigIntegerField(default=0)
    epoch = models.BigIntegerField(default=0)
    kill = models.TextField(blank=True, help_text="contract.states.Kill as JSON, empty while not killed.")
    peak = models.BigIntegerField(default=0, help_text="Highest total_pnl of the epoch, micro-dollars.")
    spent_ms = models.BigIntegerField(
        default=0, help_text="Candles opened up to then, in their own clock, move the strategy no more."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["strategy_id", "symbol"], name="one_strategy")]

    def __str__(self) -> str:
        return f"{self.strategy_id}/{self.symbol}"


class Order(models.Model):
    """An order of ours, stored before it is sent."""

    client_id = models.CharField(max_length=40, unique=True)
    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE)
    epoch = models.BigIntegerField()
    kind = models.CharField(max_length=8)
    side = models.CharField(max_length=4)
    size = models.CharField(max_length=40)
    price = models.CharField(max_length=40)
    trigger = models.CharField(max_length=40, null=True)  # noqa: DJ001  null: not a trigger order
    order_id = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=10)
    filled = models.CharField(max_length=40, blank=True)
    expires_ms = models.BigIntegerField(null=True)
    created_ms = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.kind} {self.client_id}"


class Booking(models.Model):
    """A part of a fill, of a funding payment or of a transfer, booked to one ledger exactly once."""

    KINDS = [("fill", "fill"), ("funding", "funding"), ("transfer", "transfer")]

    kind = models.CharField(max_length=8, choices=KINDS)
    venue_id = models.CharField(max_length=80)
    part = models.IntegerField(default=0)
    strategy = models.ForeignKey(Strategy, null=True, on_delete=models.CASCADE)
    epoch = models.BigIntegerField(default=0)
    symbol = models.CharField(max_length=32)
    lots = models.BigIntegerField(default=0, help_text="Signed, size × 10^size_decimals.")
    price = models.BigIntegerField(default=0, help_text="Micro-dollars.")
    amount = models.BigIntegerField(help_text="Fee of a fill, or funding received, micro-dollars.")
    at_ms = models.BigIntegerField()
    external = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "venue_id", "part"], name="booked_once")]
        indexes = [models.Index(fields=["symbol", "at_ms", "id"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.venue_id}"


class ClosedTrade(models.Model):
    """A trade that became flat; what the pages and PM list."""

    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE)
    epoch = models.BigIntegerField()
    body = models.TextField(help_text="contract.states.Trade as JSON.")

    def __str__(self) -> str:
        return f"trade {self.pk} of {self.strategy_id}"


class Fact(models.Model):
    """A named value that must survive: the account traded, a halt, the last fill seen."""

    name = models.CharField(max_length=40, primary_key=True)
    value = models.JSONField()

    def __str__(self) -> str:
        return self.name

"""The shapes of api.md for the OpenAPI document and the browsable API's forms.

What is valid is decided by `venues.contract.limits`, not here.
"""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from portfolio.serializers import ErrorSerializer, SourceSerializer, money, name_field
from venues.contract.limits import SPEC
from venues.contract.states import CAUSES, KILL_STATES, KILLS_ON

ACTIONS = (
    "change", "enable", "disable", "kill", "close", "reset", "lift_halt", "adopt", "drift", "refused",
)  # fmt: skip
STATUSES = ("applied", "unchanged", "pending", "rejected", "conflict", "refused")


MOST = 2**53


def setting(name: str, **options: Any) -> serializers.DecimalField:
    """Give the field of one of the three settings, as it may be asked for."""
    spec = SPEC[name]
    return serializers.DecimalField(
        max_digits=14,
        decimal_places=spec.decimals,
        min_value=Decimal(1).scaleb(-spec.decimals),
        max_value=spec.highest,
        label=spec.label,
        help_text=f"Above 0, at most {spec.highest:,f}, at most {spec.decimals} decimals.",
        required=False,
        **options,
    )


def desired(name: str) -> serializers.DecimalField:
    """Give the field of a setting as PM desires it: one adopted from a trader may be finer."""
    spec = SPEC[name]
    return serializers.DecimalField(
        max_digits=14, decimal_places=6, min_value=Decimal(0), max_value=spec.highest, label=spec.label
    )


def count(**options: Any) -> serializers.IntegerField:
    """Give the field of a revision or an epoch."""
    return serializers.IntegerField(min_value=0, max_value=MOST, **options)


def reason_field() -> serializers.CharField:
    """Give the field of a reason."""
    return serializers.CharField(required=False, allow_blank=True, max_length=500)


class ReasonSerializer(serializers.Serializer[Any]):
    """A write without options of its own."""

    reason = reason_field()


class ToggleSerializer(ReasonSerializer):
    """Enable or disable."""

    revision = count(required=False)


class SettingsSerializer(ToggleSerializer):
    """Any of the three settings of one strategy."""

    risk_per_trade = setting("risk_per_trade")
    stop_loss_dollars = setting("stop_loss_dollars")
    max_strategy_loss = setting("max_strategy_loss")


class ResetSerializer(ReasonSerializer):
    """Reset of a kill; `epoch` names the kill it clears, `force` is kept to admins."""

    epoch = count(required=False)
    force = serializers.BooleanField(required=False)


class KillSerializer(ReasonSerializer):
    """Kill by hand; `flatten` overrides the trader's ON_KILL."""

    flatten = serializers.BooleanField(required=False)


class UpdateSerializer(serializers.Serializer[Any]):
    """One item of a bulk update."""

    source = name_field("source")  # type: ignore[assignment]  # a field of that name
    strategy_id = name_field("strategy_id")
    symbol = name_field("symbol")
    risk_per_trade = setting("risk_per_trade")
    stop_loss_dollars = setting("stop_loss_dollars")
    max_strategy_loss = setting("max_strategy_loss")
    enabled = serializers.BooleanField(required=False)
    revision = count(required=False)


class BulkSerializer(serializers.Serializer[Any]):
    """Many rows at once."""

    updates = UpdateSerializer(many=True)
    reason = reason_field()


class ReportedKillSerializer(serializers.Serializer[Any]):
    """The kill of one epoch."""

    epoch = serializers.IntegerField()
    at = serializers.DateTimeField()
    cause = serializers.ChoiceField(CAUSES)
    total_pnl = money(allow_null=True)
    total_pnl_flat = money(allow_null=True)
    limit = money(allow_null=True)
    left = money(allow_null=True)
    tries = serializers.IntegerField()
    last_answer = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(KILL_STATES)


class PositionSerializer(serializers.Serializer[Any]):
    """The open trade of a strategy."""

    side = serializers.ChoiceField(("long", "short"))
    size = money()
    entry_price = money()
    mark_price = money(allow_null=True)
    unrealized_pnl = money(allow_null=True)
    stop_price = money(allow_null=True)
    planned_loss = money(allow_null=True)


class DenialSerializer(serializers.Serializer[Any]):
    """The last order that was denied, and why."""

    reason = serializers.CharField()
    at = serializers.DateTimeField()


class EnforcedSerializer(serializers.Serializer[Any]):
    """What the trader enforces where it differs from what PM desires."""

    enabled = serializers.BooleanField()
    risk_per_trade = money()
    stop_loss_dollars = money()
    max_strategy_loss = money()


class RowSerializer(serializers.Serializer[Any]):
    """One strategy: what PM desires and what its trader reports."""

    enabled = serializers.BooleanField()
    risk_per_trade = desired("risk_per_trade")
    stop_loss_dollars = desired("stop_loss_dollars")
    max_strategy_loss = desired("max_strategy_loss")
    source = name_field("source")  # type: ignore[assignment]  # a field of that name
    strategy_id = name_field("strategy_id")
    symbol = name_field("symbol")
    name = serializers.CharField(allow_null=True)
    is_killed = serializers.BooleanField()
    total_pnl = money(allow_null=True)
    model_reward = money(allow_null=True)
    status = serializers.ChoiceField(("Active", "Disabled", "Killed"))
    revision = serializers.IntegerField(min_value=0)
    sync = serializers.ChoiceField(("applied", "pending", "rejected", "drift"))
    enforced = EnforcedSerializer(allow_null=True)
    epoch = serializers.IntegerField()
    kill = ReportedKillSerializer(allow_null=True)
    drawdown = money(allow_null=True)
    leverage = serializers.IntegerField(allow_null=True)
    last_denial = DenialSerializer(allow_null=True)
    position = PositionSerializer(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())
    kill_on = serializers.ChoiceField(
        KILLS_ON, allow_null=True, help_text="What counts against Max DD; null where the trader does not say."
    )
    as_of = serializers.DateTimeField(allow_null=True)


class RowsSerializer(serializers.Serializer[Any]):
    """All strategies of all traders."""

    as_of = serializers.DateTimeField()
    sources = SourceSerializer(many=True)
    strategies = RowSerializer(many=True)


class ConflictSerializer(ErrorSerializer):
    """Why a write was not carried out; `row` is what holds."""

    row = RowSerializer()


class RowErrorSerializer(ErrorSerializer):
    """What is not known to have been carried out, or not to last; `row`, where given, is what holds."""

    row = RowSerializer(required=False)


class BadItemSerializer(serializers.Serializer[Any]):
    """One item of a bulk update that cannot be taken; its names as they were given."""

    index = serializers.IntegerField(min_value=0)
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # a field of that name
    strategy_id = serializers.CharField(allow_null=True)
    symbol = serializers.CharField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """Give the fields, one of which is itself called `fields`."""
        said = serializers.ListField(child=serializers.CharField())
        return {**super().get_fields(), "fields": serializers.DictField(child=said)}


class BulkErrorSerializer(ErrorSerializer):
    """Why nothing of a bulk update was written; `items` names every one that cannot be taken."""

    items = BadItemSerializer(many=True, required=False)


class BulkResultSerializer(serializers.Serializer[Any]):
    """What became of one item of a bulk update."""

    source = name_field("source")  # type: ignore[assignment]  # a field of that name
    strategy_id = name_field("strategy_id")
    symbol = name_field("symbol")
    status = serializers.ChoiceField(STATUSES)
    row = RowSerializer()
    error = ErrorSerializer(allow_null=True)


class CountsSerializer(serializers.Serializer[Any]):
    """How many items of a bulk update came to what."""

    def get_fields(self) -> dict[str, Any]:
        """Give a number for each status."""
        return {status: serializers.IntegerField(min_value=0) for status in STATUSES}


class BulkAnswerSerializer(serializers.Serializer[Any]):
    """What became of a bulk update."""

    results = BulkResultSerializer(many=True)
    counts = CountsSerializer()


class ChangeSerializer(serializers.Serializer[Any]):
    """One audit record."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    via = serializers.ChoiceField(("api", "page", "admin", "command", "pm"))
    ip = serializers.IPAddressField(allow_null=True)
    action = serializers.ChoiceField(ACTIONS)
    # Empty in a record that is of no one row.
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # a field of that name
    strategy_id = serializers.CharField(allow_blank=True)
    symbol = serializers.CharField(allow_blank=True)
    revision = serializers.IntegerField(min_value=0, allow_null=True)
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    outcome = serializers.ChoiceField(("applied", "pending", "rejected", "refused"))
    acknowledged_at = serializers.DateTimeField(allow_null=True)

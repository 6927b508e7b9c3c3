"""The shapes of api.md for the OpenAPI document and the browsable API's forms.

What is valid is decided by `venues.contract.limits`, not here.
"""

from typing import Any

from rest_framework import serializers

from portfolio.serializers import ErrorSerializer, SourceSerializer, money
from venues.contract.limits import SPEC
from venues.contract.states import CAUSES, KILL_STATES, KILLS_ON

ACTIONS = (
    "change", "enable", "disable", "kill", "close", "reset", "lift_halt", "adopt", "drift", "refused",
)  # fmt: skip
STATUSES = ("applied", "unchanged", "pending", "rejected", "conflict", "refused")


def setting(name: str, **options: Any) -> serializers.DecimalField:
    """Give the field of one of the three settings."""
    spec = SPEC[name]
    return serializers.DecimalField(
        max_digits=14, decimal_places=spec.decimals, max_value=spec.highest, label=spec.label, **options
    )


class ReasonSerializer(serializers.Serializer[Any]):
    """A write without options of its own."""

    reason = serializers.CharField(required=False, max_length=500)


class ToggleSerializer(ReasonSerializer):
    """Enable or disable."""

    revision = serializers.IntegerField(required=False, min_value=0)


class SettingsSerializer(ToggleSerializer):
    """Any of the three settings of one strategy."""

    risk_per_trade = setting("risk_per_trade", required=False)
    stop_loss_dollars = setting("stop_loss_dollars", required=False)
    max_strategy_loss = setting("max_strategy_loss", required=False)


class ResetSerializer(ReasonSerializer):
    """Reset of a kill; `epoch` names the kill it clears, `force` is kept to admins."""

    epoch = serializers.IntegerField(required=False, min_value=0)
    force = serializers.BooleanField(required=False)


class KillSerializer(ReasonSerializer):
    """Kill by hand; `flatten` overrides the trader's ON_KILL."""

    flatten = serializers.BooleanField(required=False, allow_null=True, default=None)


class UpdateSerializer(serializers.Serializer[Any]):
    """One item of a bulk update."""

    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    strategy_id = serializers.CharField()
    symbol = serializers.CharField()
    risk_per_trade = setting("risk_per_trade", required=False)
    stop_loss_dollars = setting("stop_loss_dollars", required=False)
    max_strategy_loss = setting("max_strategy_loss", required=False)
    enabled = serializers.BooleanField(required=False)
    revision = serializers.IntegerField(required=False, min_value=0)


class BulkSerializer(serializers.Serializer[Any]):
    """Many rows at once."""

    updates = UpdateSerializer(many=True)
    reason = serializers.CharField(required=False, max_length=500)


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
    risk_per_trade = setting("risk_per_trade")
    stop_loss_dollars = setting("stop_loss_dollars")
    max_strategy_loss = setting("max_strategy_loss")


class RowSerializer(EnforcedSerializer):
    """One strategy: what PM desires and what its trader reports."""

    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    strategy_id = serializers.CharField()
    symbol = serializers.CharField()
    name = serializers.CharField(allow_null=True)
    is_killed = serializers.BooleanField()
    total_pnl = money(allow_null=True)
    model_reward = money(allow_null=True)
    status = serializers.ChoiceField(("Active", "Disabled", "Killed"))
    revision = serializers.IntegerField()
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


class RowErrorSerializer(ErrorSerializer):
    """Why a write was not carried out; `row` is what holds, where somebody was first."""

    row = RowSerializer(required=False)


class BulkResultSerializer(serializers.Serializer[Any]):
    """What became of one item of a bulk update."""

    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    strategy_id = serializers.CharField()
    symbol = serializers.CharField()
    status = serializers.ChoiceField(STATUSES)
    row = RowSerializer()
    error = RowErrorSerializer(allow_null=True)


class BulkAnswerSerializer(serializers.Serializer[Any]):
    """What became of a bulk update."""

    results = BulkResultSerializer(many=True)
    counts = serializers.DictField(child=serializers.IntegerField())


class ChangeSerializer(serializers.Serializer[Any]):
    """One audit record."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    via = serializers.ChoiceField(("api", "page", "admin", "command", "pm"))
    ip = serializers.IPAddressField(allow_null=True)
    action = serializers.ChoiceField(ACTIONS)
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # a field of that name
    strategy_id = serializers.CharField(allow_null=True)
    symbol = serializers.CharField(allow_null=True)
    revision = serializers.IntegerField(allow_null=True)
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    outcome = serializers.ChoiceField(("applied", "pending", "rejected", "refused"))
    acknowledged_at = serializers.DateTimeField(allow_null=True)

"""The shapes of the book's answers, and of errors, for the OpenAPI document."""

from typing import Any

from rest_framework import serializers


def money(**options: Any) -> serializers.DecimalField:
    """Give a field of dollars or units with up to six decimals."""
    return serializers.DecimalField(max_digits=24, decimal_places=6, **options)


class ErrorSerializer(serializers.Serializer[Any]):
    """Why a request was not carried out."""

    detail = serializers.CharField()
    code = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        """Give the fields, one of which is itself called `fields`."""
        said = serializers.ListField(child=serializers.CharField())
        return {**super().get_fields(), "fields": serializers.DictField(child=said)}


READ_ERRORS = dict.fromkeys((400, 401, 403, 404), ErrorSerializer)


class SourceSerializer(serializers.Serializer[Any]):
    """One trader and how it is linked."""

    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    status = serializers.ChoiceField(("online", "stale", "offline"))
    network = serializers.ChoiceField(("paper", "testnet", "mainnet"), allow_null=True)
    as_of = serializers.DateTimeField(allow_null=True)
    age_ms = serializers.IntegerField(allow_null=True)
    strategies = serializers.IntegerField()
    halted = serializers.CharField(allow_null=True)
    error = serializers.CharField(allow_null=True)


class TraderSerializer(SourceSerializer):
    """One trader of the registry."""

    url = serializers.CharField()
    enabled = serializers.BooleanField()


class SumSerializer(serializers.Serializer[Any]):
    """What traders add up to; null where it is not known."""

    equity = money(allow_null=True)
    open_pnl = money(allow_null=True)
    margin_used = money(allow_null=True)
    strategies = serializers.IntegerField()
    killed = serializers.IntegerField()


class SourceSumSerializer(SumSerializer):
    """What one trader adds up to."""

    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    status = serializers.ChoiceField(("online", "stale", "offline"))
    network = serializers.CharField(allow_null=True)


class TotalSerializer(SumSerializer):
    """The sum of what is known; `unknown` names the traders of which it lacks a number."""

    unknown = serializers.ListField(child=serializers.CharField())


class SummarySerializer(serializers.Serializer[Any]):
    """The book over all traders."""

    as_of = serializers.DateTimeField()
    total = TotalSerializer()
    sources = SourceSumSerializer(many=True)

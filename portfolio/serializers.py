"""The shapes of the book's answers, and of errors, for the OpenAPI document."""

from typing import Any, Literal

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from venues.contract.names import GRAMMAR, LONGEST

# Of every status that is an error: what it says, with its codes (api.md, "Errors").
SAID = {
    400: "`invalid`, `bad_json` or `bad_path`: nothing was changed; `fields` names what is wrong.",
    401: "`not_authenticated`: no or wrong credentials.",
    403: "`permission_denied`: not your role. `csrf_failed`: a session without its CSRF token.",
    404: "`not_found`: a well-formed name that nobody has, or a page that there is not.",
    409: "`conflict`, `rejected`, `killed`, `not_killed`, `not_flat` or `epoch`: `row` is what holds.",
    413: "`too_large`: the body is larger than 64 KiB (bulk 4 MiB).",
    415: "`unsupported_media_type`: the body is no JSON and no form.",
    502: "`trader_bad_answer`: what the trader answered is not to be believed.",
    503: "`trader_unreachable`: no answer in 3 s. `not_durable`: a disk refused it.",
}


def name_field(field: str, **options: Any) -> serializers.RegexField:
    """Give the field of a source, strategy_id or symbol."""
    return serializers.RegexField(f"^{GRAMMAR[field].pattern}$", max_length=LONGEST[field], **options)


def name_parameters(*fields: str, location: Literal["path", "query"] = "path") -> list[OpenApiParameter]:
    """Give the parameters of a path or a query that are names."""
    shapes = {one: {"pattern": f"^{GRAMMAR[one].pattern}$", "maxLength": LONGEST[one]} for one in fields}
    return [OpenApiParameter(one, {"type": "string", **shapes[one]}, location) for one in fields]


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


def errors(*statuses: int, shape: type[serializers.Serializer[Any]] = ErrorSerializer) -> dict[int, Any]:
    """Give the described answers of these statuses."""
    return {status: OpenApiResponse(shape, SAID[status]) for status in statuses}


class SourceSerializer(serializers.Serializer[Any]):
    """One trader and how it is linked."""

    source = name_field("source")  # type: ignore[assignment]  # a field of that name
    status = serializers.ChoiceField(("online", "stale", "offline"))
    network = serializers.ChoiceField(("paper", "testnet", "mainnet"), allow_null=True)
    as_of = serializers.DateTimeField(allow_null=True)
    age_ms = serializers.IntegerField(min_value=0, allow_null=True)
    strategies = serializers.IntegerField(min_value=0)
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
    strategies = serializers.IntegerField(min_value=0)
    killed = serializers.IntegerField(min_value=0)


class SourceSumSerializer(SumSerializer):
    """What one trader adds up to."""

    source = name_field("source")  # type: ignore[assignment]  # a field of that name
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

"""The API of the book: traders and their links, the summary; and what machines ask PM itself."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import Metric
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portfolio import book, serializers, traders
from portfolio.access import Viewer, client_ip
from portfolio.models import Trader
from venues.contract.names import check_names

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Families = Callable[[], Iterable[Metric]]


class ReadView(APIView):
    """What all endpoints here share: they only read."""

    http_method_names = ["get", "head"]
    permission_classes: list[type[BasePermission]] = [Viewer]


class TradersView(ReadView):
    """All traders and their link state."""

    @extend_schema(
        operation_id="traders",
        responses={200: serializers.TraderSerializer(many=True), **serializers.errors(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """List traders."""
        return Response([traders.as_trader(trader) for trader in traders.registered()])


class TraderView(ReadView):
    """One trader and its link state."""

    @extend_schema(
        operation_id="trader",
        parameters=serializers.name_parameters("source"),
        responses={200: serializers.TraderSerializer, **serializers.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, source: str) -> Response:
        """Read one trader."""
        check_names(source=source)
        return Response(traders.as_trader(traders.named(source)))


class SummaryView(ReadView):
    """The book over all traders."""

    @extend_schema(
        operation_id="summary",
        responses={200: serializers.SummarySerializer, **serializers.errors(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Read equity, open PnL, margin and counts, of every trader and in total."""
        return Response(book.summary())


@extend_schema(exclude=True)
class HealthView(ReadView):
    """Whether this process lives."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        """Answer."""
        return Response({"status": "ok", "as_of": datetime.now(UTC).isoformat().replace("+00:00", "Z")})


@extend_schema(exclude=True)
class ReadyView(ReadView):
    """Whether PM can do its work: the database answers, every link has finished a first attempt."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        """Answer 200 or 503; an offline trader does not make PM unready."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            sources = list(Trader.objects.filter(enabled=True).values_list("source", flat=True))
        except DatabaseError:
            return Response({"database": "failed", "links": {}}, status=503)
        links = {source: link_state(source) for source in sources}
        return Response(
            {"database": "ok", "links": links}, status=503 if "connecting" in links.values() else 200
        )


def link_state(source: str) -> str:
    """Give a link's status, `connecting` until its first attempt has ended."""
    link = book.link(source)
    return "connecting" if link.heard is None and link.error is None else link.status()


class TokenOrLoopback(Viewer):
    """Lets in programs of this machine and users with a role; a forwarded request is not of this machine."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether the request comes from loopback itself, or from a user with a role."""
        address = client_ip(request._request)
        local = address is not None and ip_address(address).is_loopback
        forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
        return (local and not forwarded) or super().has_permission(request, view)


@extend_schema(exclude=True)
class MetricsView(ReadView):
    """What PM counts, as Prometheus text; `collectors` gives the families of each folder."""

    permission_classes = [TokenOrLoopback]
    collectors: tuple[Families, ...] = ()

    def get(self, request: Request) -> HttpResponse:
        """Answer all families."""
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        for collector in self.collectors:
            registry.register(_Collector(collector))
        return HttpResponse(generate_latest(registry), content_type=METRICS_TYPE)


class _Collector:
    """Offers a function's families to a registry."""

    def __init__(self, families: Families) -> None:
        self.collect = families

"""The API of risk settings (api.md, section 1): reads, the one way to write, and its audit."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

from django.http import HttpResponse, HttpResponseNotModified
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import MethodNotAllowed, PermissionDenied
from rest_framework.generics import GenericAPIView
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from portfolio.access import Operator, OperatorWrites, Viewer, actor_of, allows
from portfolio.rest import public
from portfolio.serializers import errors
from riskcontrol import audit, bodies, operations, rows, serializers
from riskcontrol.described import (
    ANSWERED_ERRORS,
    CHANGE_FILTERS,
    ETAG,
    IF_MATCH,
    IF_NONE_MATCH,
    LIST_ETAG,
    NAME_FILTERS,
    ROW_ERRORS,
    ROW_NAMES,
    WRITE_ERRORS,
)
from venues.contract.errors import ProductError, Refused
from venues.contract.names import RowKey, row_key

ORDERING_WORDS = (*rows.ORDERINGS, *(f"-{name}" for name in rows.ORDERINGS))


class RiskView(GenericAPIView):  # type: ignore[type-arg]  # there is no one model behind a row
    """What all endpoints of risk settings share: roles by method, refusals on the record."""

    http_method_names = ["get", "head", "post", "put"]
    permission_classes = [OperatorWrites]
    pagination_class: Any = None
    filter_backends: list[Any] = []
    action = "change"

    def permission_denied(
        self, request: Request, message: str | None = None, code: str | None = None
    ) -> NoReturn:
        """Refuse a known user: a verb that nobody may use is 405, not a question of roles."""
        if request.user.is_authenticated and request.method not in self.allowed_methods:
            raise MethodNotAllowed(request.method or "")
        super().permission_denied(request, message, code)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer an error; a known user's refused write is audited first (I5)."""
        writes = self.request.method not in {"GET", "HEAD"}
        if isinstance(exc, PermissionDenied) and writes and self.request.user.is_authenticated:
            operations.record_refusal(
                actor=actor_of(self.request, "api"),
                key=self.key_or_none(),
                reason=f"{self.action}: {exc.detail}",
            )
        return super().handle_exception(exc)

    def key_or_none(self) -> RowKey | None:
        """Give the row that the path names, None where its names are not well-formed or there is none."""
        try:
            return self.key
        except (Refused, TypeError):
            return None

    @property
    def key(self) -> RowKey:
        """Give the row that the path names; raises Refused with `fields`."""
        return row_key(**self.kwargs)


def row_answer(row: Mapping[str, Any], status: int = 200) -> Response:
    """Give a row with its revision as ETag."""
    return Response(public(row), status=status, headers={"ETag": f'"{row["revision"]}"'})


def outcome_answer(outcome: operations.Outcome) -> Response:
    """Give the row after a write: 202 while the trader has not acknowledged it."""
    return row_answer(outcome.row, 202 if outcome.status == "pending" else 200)


def bare(error: ProductError) -> dict[str, Any]:
    """Give an error's body without its row, which a bulk result shows beside it."""
    return {name: value for name, value in error.body().items() if name != "row"}


class StrategiesView(RiskView):
    """All strategies with their risk settings, from all traders."""

    permission_classes = [Viewer]

    @extend_schema(
        operation_id="strategies",
        parameters=[
            IF_NONE_MATCH,
            LIST_ETAG,
            *NAME_FILTERS,
            OpenApiParameter("status", str, enum=bodies.STATUSES),
            OpenApiParameter("q", str, description="Text in source, id, name or symbol."),
            OpenApiParameter("ordering", str, enum=ORDERING_WORDS),
        ],
        responses={
            200: serializers.RowsSerializer,
            304: OpenApiResponse(description="Unchanged."),
            **errors(400, 401, 403),
        },
    )
    def get(self, request: Request) -> HttpResponse:
        """List strategies; the ETag rises with any change, `If-None-Match` gets 304."""
        filters: dict[str, Any] = {
            **bodies.read_names(request),
            "status": bodies.read_word(request, "status", bodies.STATUSES),
            "q": bodies.read_text(request, "q"),
            "ordering": bodies.read_word(request, "ordering", ORDERING_WORDS),
        }
        etag = f'"{rows.version()}"'
        if bodies.matches(request, etag):
            return HttpResponseNotModified(headers={"ETag": etag})
        for_program = request.accepted_renderer.format == "json"
        shown = rows.as_json if for_program else public  # the browsable page is indented
        found = {
            "as_of": rows.as_of(),
            "sources": rows.sources(),
            "strategies": [shown(row) for row in rows.rows(**filters)],
        }
        return Response(found, headers={"ETag": etag})


class RowView(RiskView):
    """One strategy's row."""

    serializer_class = serializers.SettingsSerializer

    def get_serializer(self, *args: Any, **kwargs: Any) -> BaseSerializer[Any]:
        """Give the form's serializer, filled with the row where nothing else fills it."""
        if kwargs.get("instance") is None and "data" not in kwargs:
            with suppress(Refused):  # the page of an error: its form is empty
                kwargs["instance"] = rows.row(self.key)
        return super().get_serializer(*args, **kwargs)

    @extend_schema(
        operation_id="row",
        parameters=[*ROW_NAMES, ETAG],
        responses={200: serializers.RowSerializer, **ROW_ERRORS},
    )
    def get(self, request: Request, **names: str) -> Response:
        """Read one row; its ETag is its revision."""
        return row_answer(rows.row(self.key))

    @extend_schema(
        operation_id="change_settings",
        parameters=[*ROW_NAMES, IF_MATCH, ETAG],
        request=serializers.SettingsSerializer,
        responses={200: serializers.RowSerializer, 202: serializers.RowSerializer, **WRITE_ERRORS},
    )
    def put(self, request: Request, **names: str) -> Response:
        """Change any of the three settings: 200 applied, 202 pending until the trader answers."""
        key = self.key
        changes, options = bodies.read_settings(request)
        return outcome_answer(
            operations.change_settings(
                key,
                changes,
                actor=actor_of(request, "api"),
                expected=bodies.expected_revision(request, options),
                reason=options.get("reason", ""),
            )
        )


class ActionView(RiskView):
    """What the actions on one row share."""

    permission_classes = [Operator]
    known: tuple[str, ...] = ("reason",)

    def read(self) -> dict[str, Any]:
        """Give the checked options of the body and who acts."""
        options = bodies.read_options(self.request, self.known)
        return {"reason": "", **options, "actor": actor_of(self.request, "api")}


class ToggleView(ActionView):
    """Enables or disables one strategy."""

    serializer_class = serializers.ToggleSerializer
    known = ("reason", "revision")
    enabled = True

    def toggle(self, request: Request) -> Response:
        """Set `enabled`, on the revision expected."""
        key, options = self.key, self.read()
        expected = bodies.expected_revision(request, options)
        options.pop("revision", None)
        return outcome_answer(operations.set_enabled(key, self.enabled, expected=expected, **options))


class EnableView(ToggleView):
    """Lets a strategy open trades."""

    action = "enable"

    @extend_schema(
        operation_id="enable",
        parameters=[*ROW_NAMES, IF_MATCH, ETAG],
        responses={200: serializers.RowSerializer, **ANSWERED_ERRORS},
    )
    def post(self, request: Request, **names: str) -> Response:
        """Enable; 409 `killed`, 503 without an answer in 3 s."""
        return self.toggle(request)


class DisableView(ToggleView):
    """Stops a strategy from opening trades."""

    action = "disable"
    enabled = False

    @extend_schema(
        operation_id="disable",
        parameters=[*ROW_NAMES, IF_MATCH, ETAG],
        responses={200: serializers.RowSerializer, 202: serializers.RowSerializer, **WRITE_ERRORS},
    )
    def post(self, request: Request, **names: str) -> Response:
        """Disable; 202 while the trader is unreachable."""
        return self.toggle(request)


class ResetView(ActionView):
    """Resets the kill switch of one strategy."""

    serializer_class = serializers.ResetSerializer
    action = "reset"
    known = ("reason", "epoch", "force")

    @extend_schema(
        operation_id="reset_kill_switch",
        parameters=[*ROW_NAMES, ETAG],
        responses={200: serializers.RowSerializer, **ANSWERED_ERRORS},
    )
    def post(self, request: Request, **names: str) -> Response:
        """Reset; `epoch` names the kill it clears, `force` is kept to admins."""
        key, options = self.key, self.read()
        if options.get("force") and not allows(request.user, "admin"):
            raise PermissionDenied("Only an admin may force a reset.")
        return outcome_answer(operations.reset_kill_switch(key, **options))


class KillView(ActionView):
    """Trips the kill switch of one strategy by hand."""

    serializer_class = serializers.KillSerializer
    action = "kill"
    known = ("reason", "flatten")

    @extend_schema(
        operation_id="kill",
        parameters=[*ROW_NAMES, ETAG],
        responses={200: serializers.RowSerializer, 202: serializers.RowSerializer, **WRITE_ERRORS},
    )
    def post(self, request: Request, **names: str) -> Response:
        """Kill; 202 while the trader is unreachable, repeated until it acknowledges."""
        return outcome_answer(operations.kill(self.key, **self.read()))


class CloseView(ActionView):
    """Closes the open trade of one strategy, without killing it."""

    serializer_class = serializers.ReasonSerializer
    action = "close"

    @extend_schema(
        operation_id="close",
        parameters=[*ROW_NAMES, ETAG],
        responses={200: serializers.RowSerializer, **ANSWERED_ERRORS},
    )
    def post(self, request: Request, **names: str) -> Response:
        """Close the open trade."""
        return outcome_answer(operations.close(self.key, **self.read()))


class BulkView(RiskView):
    """Changes many rows at once."""

    permission_classes = [Operator]
    serializer_class = serializers.BulkSerializer

    @extend_schema(
        operation_id="bulk_update",
        request={"application/json": serializers.BulkSerializer},
        responses={
            200: serializers.BulkAnswerSerializer,
            207: serializers.BulkAnswerSerializer,
            **errors(400, shape=serializers.BulkErrorSerializer),
            **errors(401, 403, 413, 415, 503),
        },
    )
    def post(self, request: Request) -> Response:
        """Validate all, write all in one transaction, deliver in parallel: 207 unless all are in force."""
        known = rows.keys()
        items, reason = bodies.read_bulk(request, known)
        outcomes = operations.bulk_update(items, actor=actor_of(request, "api"), reason=reason)
        results = [
            {
                **item.key._asdict(),
                "status": outcome.status,
                "row": public(outcome.row),
                "error": bare(outcome.error) if outcome.error else None,
            }
            for item, outcome in zip(items, outcomes, strict=True)
        ]
        counts = {
            status: sum(result["status"] == status for result in results) for status in serializers.STATUSES
        }
        whole = counts["applied"] + counts["unchanged"] == len(results)
        return Response({"results": results, "counts": counts}, status=200 if whole else 207)


class Pages(PageNumberPagination):
    """Pages of 50."""

    page_size = 50


class ChangesView(RiskView):
    """The audit records of all rows, newest first."""

    permission_classes = [Viewer]
    serializer_class = serializers.ChangeSerializer
    pagination_class = Pages

    @extend_schema(
        operation_id="changes",
        parameters=[*NAME_FILTERS, *CHANGE_FILTERS],
        responses={200: serializers.ChangeSerializer(many=True), **ROW_ERRORS},
    )
    def get(self, request: Request, **names: str) -> Response:
        """List audit records in pages of 50."""
        filters: dict[str, Any] = {
            **bodies.read_names(request),
            "actor": bodies.read_text(request, "actor"),
            "action": bodies.read_word(request, "action", serializers.ACTIONS),
            "since": bodies.read_time(request, "since"),
            "until": bodies.read_time(request, "until"),
        }
        key = self.key if names else None
        if key is not None:
            rows.row(key)
        page = self.paginate_queryset(rows.changes(key, **filters))
        return self.get_paginated_response([audit.to_json(change) for change in page or []])


class RowChangesView(ChangesView):
    """The audit records of one row, newest first."""

    @extend_schema(
        operation_id="row_changes",
        parameters=[*ROW_NAMES, *CHANGE_FILTERS],
        responses={200: serializers.ChangeSerializer(many=True), **ROW_ERRORS},
    )
    def get(self, request: Request, **names: str) -> Response:
        """List one row's audit records in pages of 50."""
        return super().get(request, **names)

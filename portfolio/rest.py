"""How the API speaks: strict parsers, exact JSON, working forms, one place that answers errors."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import simplejson
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from rest_framework import exceptions, parsers, renderers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from venues.contract.errors import ProductError, Refused, status_of
from venues.serving.errors import plain_error
from venues.serving.parsers import dump_json, strict_json

log = logging.getLogger(__name__)

CODES: dict[type[exceptions.APIException], str] = {
    exceptions.NotAuthenticated: "not_authenticated",
    exceptions.AuthenticationFailed: "not_authenticated",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "throttled",
    exceptions.NotAcceptable: "not_acceptable",
}


def public(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a row without the keys that only our own pages use."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


class ExactJSONRenderer(renderers.JSONRenderer):
    """Writes Decimals as the digits they hold."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        """Give the JSON bytes; an answer without content stays empty."""
        if data is None:
            return b""
        indent = (renderer_context or {}).get("indent")
        if indent:
            return simplejson.dumps(data, use_decimal=True, ensure_ascii=False, indent=indent).encode()
        return dump_json(data).encode()


class FormsRenderer(renderers.BrowsableAPIRenderer):
    """The browsable API under the strict CSP: no style block, no filter form (stack.md, "Strict CSP")."""

    def get_filter_form(self, data: Any, view: Any, request: Request) -> None:
        """Give none: filters stand in the OpenAPI page."""

    def get_context(
        self, data: Any, accepted_media_type: str | None, renderer_context: Any
    ) -> dict[str, Any]:
        """Give the page's context without highlighting styles."""
        return {**super().get_context(data, accepted_media_type, renderer_context), "code_style": ""}


class StrictJSONParser(parsers.BaseParser):
    """Reads a body with the one strict JSON parser."""

    media_type = "application/json"
    renderer_class = ExactJSONRenderer

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Give the parsed body; raises Refused `bad_json`."""
        return strict_json(stream.read())


class FormParser(parsers.BaseParser):
    """Reads a URL-encoded form, refusing what is not UTF-8 or has too many fields."""

    media_type = "application/x-www-form-urlencoded"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> QueryDict:
        """Give the form's fields; raises Refused."""
        try:
            return QueryDict(stream.read().decode("utf-8"), encoding="utf-8")
        except (UnicodeDecodeError, SuspiciousOperation) as error:
            raise Refused("The form cannot be read.", code="invalid") from error


class MultiPartParser(parsers.MultiPartParser):
    """Reads the forms that the browsable API sends; files are refused."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Give the form's fields; raises Refused."""
        try:
            found = super().parse(stream, media_type, parser_context)
        except (exceptions.ParseError, SuspiciousOperation) as error:
            raise Refused("The form cannot be read.", code="invalid") from error
        if found.files:
            name = next(iter(found.files))
            raise Refused("No files are taken here.", code="invalid", fields={name: ["Must not be a file."]})
        return found.data


class Negotiation(DefaultContentNegotiation):
    """Chooses parsers by the exact media type: `*/*` names none."""

    def select_parser(self, request: Request, parsers: Iterable[parsers.BaseParser]) -> Any:
        """Give the parser of the body's media type, None for any other."""
        given = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == given), None)


def body_of(error: exceptions.APIException) -> dict[str, Any]:
    """Give the body of api.md, "Errors", for one of REST framework's own errors."""
    detail: Any = error.detail
    if isinstance(detail, Mapping):
        fields = {str(name): [str(one) for one in said] for name, said in detail.items()}
        name, said = next(iter(fields.items()))
        return {"detail": f"{name}: {said[0]}", "code": "invalid", "fields": fields}
    if isinstance(detail, list):
        return {"detail": " ".join(map(str, detail)), "code": "invalid", "fields": {}}
    code = CODES.get(type(error)) or ("invalid" if error.status_code == 400 else str(detail.code))
    return {"detail": str(detail), "code": code, "fields": {}}


def exception_handler(error: Exception, context: Any) -> Response:
    """Answer every error of a view: ours, REST framework's, Django's; any other is a plain 500."""
    if isinstance(error, ProductError):
        body = error.body()
        if error.row is not None:
            body["row"] = public(error.row)
        return Response(body, status=status_of(error))
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        wanted = getattr(error, "auth_header", None)  # REST framework's view puts it there
        headers = {"WWW-Authenticate": wanted} if wanted else {}
        return Response(body_of(error), status=error.status_code, headers=headers)
    if isinstance(error, SuspiciousOperation):
        large = isinstance(error, RequestDataTooBig)
        refused = Refused("The request is not acceptable.", code="too_large" if large else "invalid")
        return Response(refused.body(), status=status_of(refused))
    log.error("%s failed", getattr(context.get("request"), "path", "a request"), exc_info=error)
    if isinstance(error, DatabaseError):
        said = "The database did not take it; nothing was changed."
        return Response({"detail": said, "code": "not_durable", "fields": {}}, status=503)
    said = "Something went wrong here; it is in the log."
    return Response({"detail": said, "code": "error", "fields": {}}, status=500)


def error_page(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """Answer an error outside the API's views: JSON under /api/ and to programs, else a page."""
    if request.path.startswith("/api/") or "text/html" not in request.headers.get("Accept", ""):
        return plain_error(status, code, detail)
    return render(request, "error.html", {"status": status, "detail": detail}, status=status)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that came without its CSRF token."""
    said = "This form is too old or was not sent from here. Load the page again."
    return error_page(request, 403, "csrf_failed", said)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself refuses, such as a Host that is not ours (handler400)."""
    if isinstance(exception, RequestDataTooBig):
        return plain_error(413, "too_large", "The body is too large.")
    return plain_error(400, "invalid", "The request is not acceptable (check its Host header).")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a page that the user's role does not open (handler403)."""
    return error_page(request, 403, "permission_denied", "Your role does not allow this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an unknown path (handler404)."""
    return error_page(request, 404, "not_found", "There is nothing here.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a failure of ours, without a trace (handler500)."""
    return plain_error(500, "error", "Something went wrong here; it is in the log.")

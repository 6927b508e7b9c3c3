"""Turns our errors into HTTP answers, in one place for every process."""

import logging
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from venues.contract.errors import ProductError, status_of
from venues.serving.parsers import dump_json

log = logging.getLogger(__name__)
View = Callable[..., Coroutine[Any, Any, HttpResponse]]


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """Give a JSON answer with exact numbers."""
    return HttpResponse(dump_json(value), status=status, content_type="application/json", headers=headers)


def error_answer(error: ProductError) -> HttpResponse:
    """Give the answer of api.md, "Errors"."""
    return json_answer(error.body(), status_of(error))


def plain_error(status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> HttpResponse:
    """Give an error answer that comes from no exception."""
    return json_answer({"detail": detail, "code": code, "fields": {}}, status, headers)


def answers_errors(view: View) -> View:
    """Wrap an async view: our errors become their answers, any other a plain 500 without a trace."""

    @wraps(view)
    async def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return await view(request, *args, **kwargs)
        except ProductError as error:
            return error_answer(error)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return plain_error(500, "error", "Something went wrong here; it is in the log.")

    return wrapped


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself refuses (handler400), such as a Host that is not ours."""
    return plain_error(400, "invalid", "The request is not acceptable (check its Host header).")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an unknown path (handler404)."""
    return plain_error(404, "not_found", "There is nothing here.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a failure of ours (handler500)."""
    return plain_error(500, "error", "Something went wrong here; it is in the log.")

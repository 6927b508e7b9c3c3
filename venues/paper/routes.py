"""One path that several faces serve, each with methods of its own."""

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from venues.serving.errors import View

NOT_ALLOWED = 405


def merged(patterns: Iterable[URLPattern]) -> list[URLPattern]:
    """Give the patterns with those of the same route made one: the first that takes the method answers."""
    by_route: dict[str, list[URLPattern]] = {}
    for one in patterns:
        by_route.setdefault(str(one.pattern), []).append(one)
    return [
        found[0] if len(found) == 1 else path(route, _first_of([one.callback for one in found]))
        for route, found in by_route.items()
    ]


def _first_of(views: list[View]) -> View:
    async def answer(request: HttpRequest, *args: object) -> HttpResponse:
        for view in views:
            response = await view(request, *args)
            if response.status_code != NOT_ALLOWED:
                return response
        return response

    return answer

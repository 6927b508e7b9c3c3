"""A trader's ASGI application: headers, guard, access, then Django or a socket."""

import asyncio
from typing import cast

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from venues.contract.errors import Unreachable  # noqa: E402
from venues.serving.guard import Application, Guard, Message, Receive, Scope, Send  # noqa: E402
from venues.trader import facade, live, pages  # noqa: E402
from venues.trader.access import Access  # noqa: E402

LIST_LIMIT = 4 * 1024 * 1024
LOOKS, BETWEEN_LOOKS_S = 20, 0.05
SOCKETS: dict[str, Application] = {"/ws": live.socket, "/ws/page": pages.page_socket}
HEADERS = {
    b"content-security-policy": b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    b"font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none'; "
    b"frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}


class Headers:
    """Puts the security headers on every answer, refusals included."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with headers added to what starts an answer."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message.get("headers", [])}
                added = [(name, value) for name, value in HEADERS.items() if name not in present]
                message["headers"] = [*message.get("headers", []), *added]
            await send(message)

        await self.application(scope, receive, with_headers)


class Router:
    """Gives a request to Django, a handshake to its socket; an unknown one gets 403, an early one waits."""

    def __init__(self, http: Application) -> None:
        self.http = http

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route by type and path."""
        if scope["type"] == "http":
            await self.http(scope, receive, send)
        elif scope["path"] in SOCKETS and await restored():
            await SOCKETS[scope["path"]](scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 4404})


async def restored() -> bool:
    """Give whether memory is read, waiting a moment: a refused handshake would look like a refused token."""
    for _ in range(LOOKS):
        if is_restored():
            return True
        await asyncio.sleep(BETWEEN_LOOKS_S)
    return is_restored()


def is_restored() -> bool:
    """Tell whether there is anything to show: a socket opens once memory is read."""
    try:
        facade.engine()
    except Unreachable:
        return False
    return True


def assemble() -> Application:
    """Give the whole application, from the outermost layer in."""
    router = Router(cast(Application, ASGIStaticFilesHandler(django_application)))
    return Headers(Guard(Access(router), {"/api/strategies/settings": LIST_LIMIT}))


application = assemble()

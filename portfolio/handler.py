"""Runs a whole request, middlewares and view, in one hop to a thread that keeps its database connection.

Django's own handler hops to a thread per synchronous middleware, and opens a connection per request
(performance.md, "Where the time goes").
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.http import HttpResponse

THREADS = 8
KILL_THREADS = 4


class ThreadHandler(ASGIHandler):
    """Serves HTTP on a fixed set of threads; kills on a set of their own, however busy the rest is (I17)."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self.threads = ThreadPoolExecutor(THREADS, "request")
        self.kill_threads = ThreadPoolExecutor(KILL_THREADS, "kill")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Read the body, answer on a thread, send the answer."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        threads = self.kill_threads if scope["path"].endswith("/kill") else self.threads
        response = await asyncio.get_running_loop().run_in_executor(threads, self.answer, scope, body)
        await self.send_response(response, send)

    def answer(self, scope: Any, body: Any) -> HttpResponse:
        """Give the finished answer to one request; on one of the threads."""
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        if response.streaming:  # a static file: small, and read here rather than on the loop
            response = whole(response)
        response.close()
        body.close()
        return response  # type: ignore[no-any-return]


def whole(response: Any) -> HttpResponse:
    """Give a streamed answer as one that holds its content."""
    found = HttpResponse(b"".join(response.streaming_content), status=response.status_code)
    found.headers = response.headers
    found.cookies = response.cookies
    response.close()
    return found

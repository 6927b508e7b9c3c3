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

READ_THREADS = 6
WRITE_THREADS = 16
KILL_THREADS = 4


class ThreadHandler(ASGIHandler):
    """Serves HTTP on fixed sets of threads: reads never wait for writes that wait for a slow trader,
    and kills wait for neither, however busy the rest is (I17)."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self.reads = ThreadPoolExecutor(READ_THREADS, "read")
        self.writes = ThreadPoolExecutor(WRITE_THREADS, "write")
        self.kills = ThreadPoolExecutor(KILL_THREADS, "kill")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Read the body, answer on a thread, send the answer."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        threads = self.threads_of(scope)
        response = await asyncio.get_running_loop().run_in_executor(threads, self.answer, scope, body)
        await self.send_response(response, send)

    def threads_of(self, scope: Any) -> ThreadPoolExecutor:
        """Give the threads on which a request runs."""
        if scope["method"] in {"GET", "HEAD"}:
            return self.reads
        return self.kills if scope["path"].endswith("/kill") else self.writes

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

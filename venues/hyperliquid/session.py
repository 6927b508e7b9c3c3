"""The HTTP session under the SDK: asks permission last, and knows whether a request has left."""

from collections.abc import Callable
from typing import Any

import requests

from venues.trader.gateways.leaving import Denied, always

CONNECT_S = 2.0
READ_S = 4.0
LONGEST_SAYING = 300


class Payload:
    """A request's body that is handed out once the connection stands, if it is permitted then.

    A connection may take seconds to open: asked before it, permission would be old.
    """

    def __init__(self, body: bytes, permit: Callable[[], bool]) -> None:
        self._body = body
        self._permit = permit
        self.left = False

    def __len__(self) -> int:
        return len(self._body)

    def read(self, _size: int = -1) -> bytes:
        """Give the whole body at the first call, then nothing; raises Denied."""
        if self.left:
            return b""
        if not self._permit():
            raise Denied
        self.left = True
        return self._body


class VenueSession(requests.Session):
    """One thread's session: no proxies, no redirects, no retries, every request with a limit."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.headers["Content-Type"] = "application/json"
        self._permit: Callable[[], bool] = always
        self.left = False
        self.status: int | None = None
        self.said = ""

    def permitting(self, permit: Callable[[], bool]) -> None:
        """Ask `permit` for every request from here on, and forget the request before."""
        self._permit, self.left, self.status, self.said = permit, False, None, ""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send as requests does; notes whether the body left and what status came back."""
        body = request.body or b""
        payload = Payload(body.encode() if isinstance(body, str) else bytes(body), self._permit)
        request.body = payload  # type: ignore[assignment]  # a readable body with a length
        kwargs["allow_redirects"] = False
        try:
            response = super().send(request, **kwargs)
        finally:
            self.left = payload.left
        self.status = response.status_code
        self.said = response.text[:LONGEST_SAYING] if response.status_code >= 400 else ""
        return response

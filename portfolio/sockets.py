"""Lets WebSockets in: programs by token, browsers by an origin of ours and their session; else 403.

Origins are compared whole: Channels' own validator fails on ports that are no number.
"""

from importlib import import_module

from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from knox.models import AuthToken

from portfolio.access import allows, token_user
from venues.serving.guard import Application, Receive, Scope, Send

deny: Application = WebsocketDenier.as_asgi()


class RoleGate:
    """Passes on only users of the role viewer and above."""

    def __init__(self, inner: Application) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse the handshake by `scope["user"]`."""
        allowed = await database_sync_to_async(allows)(scope["user"], "viewer")
        await (self.inner if allowed else deny)(scope, receive, send)


class Doorkeeper:
    """Puts `scope["user"]` in place: from a token on `program_paths`, else from the session cookie."""

    def __init__(self, inner: Application, origins: list[str], program_paths: set[str]) -> None:
        self.programs = RoleGate(inner)
        self.browsers: Application = AuthMiddlewareStack(RoleGate(inner))
        self.origins = {origin.encode() for origin in origins}
        self.program_paths = program_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose the way in by the Authorization header."""
        headers = dict(scope["headers"])
        header = headers.get(b"authorization")
        if header is None:
            ours = headers.get(b"origin") in self.origins  # as a browser writes it: whole, lower case
            await (self.browsers if ours else deny)(scope, receive, send)
            return
        scheme, _, key = header.partition(b" ")
        found = None
        if scheme.lower() == b"token" and scope["path"] in self.program_paths:
            found = await database_sync_to_async(token_user)(key.strip())
        if found is None:
            await deny(scope, receive, send)
            return
        await self.programs({**scope, "user": found[0], "token": found[1]}, receive, send)


def may_stay(scope: Scope) -> bool:
    """Tell whether a socket's user still has its role, and its session or token; reads the database."""
    user = User.objects.filter(pk=scope["user"].pk).first()
    if user is None or not allows(user, "viewer"):
        return False
    if "token" in scope:
        alive = Q(expiry=None) | Q(expiry__gt=timezone.now())
        return bool(AuthToken.objects.filter(alive, pk=scope["token"].pk).exists())
    store = import_module(settings.SESSION_ENGINE).SessionStore
    held = store(scope["session"].session_key).load()
    same = constant_time_compare(held.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    return bool(same and held.get(SESSION_KEY) == str(user.pk))

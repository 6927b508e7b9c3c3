"""Who gets past a trader's faces: the token for programs, loopback or HTTP Basic for the page (api.md, 2)."""

import base64
import binascii
import re
from ipaddress import ip_address

from django.conf import settings

from venues.contract.errors import STATUS
from venues.serving.guard import NO_CREDENTIALS, Application, Receive, Scope, Send
from venues.serving.parsers import dump_json
from venues.serving.secrets import same, was_generated

OPEN = ("/healthz", "/static/")
PROGRAMS = ("/api/", "/metrics", "/ws")
PROXIED = {b"forwarded", b"x-forwarded-for", b"x-real-ip"}
GENERATED = re.compile(r"[A-Za-z0-9_-]{43,}")


class Access:
    """Stands before every path, so that a path nobody thought of is not open."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on who may come in; 400 for a Host that is not ours, 401 without credentials."""
        headers = scope["headers"]
        if not host_is_ours(headers):
            said = "The Host header must name this trader's own address."
            await refuse(scope, send, "invalid", said, [])
        elif scope["type"] == "websocket" and not origin_is_ours(headers):
            await refuse(scope, send, "permission_denied", "The Origin is not this trader.", [])
        elif is_open(scope["path"]):
            await self.application(scope, receive, send)
        elif is_for_programs(scope["path"]):
            if has_token(headers):
                await self.application(scope, receive, send)
            else:
                said = "Send the header Authorization: Bearer <token>."
                await refuse(scope, send, "not_authenticated", said, [(b"www-authenticate", b"Bearer")])
        elif from_loopback(scope) or has_password(headers):
            await self.application(scope, receive, send)
        else:
            basic = [(b"www-authenticate", b'Basic realm="trader"')]
            await refuse(scope, send, "not_authenticated", "The password is the trader's token.", basic)


Headers = list[tuple[bytes, bytes]]


def is_open(path: str) -> bool:
    """Tell whether a path needs nobody."""
    return path == OPEN[0] or path.startswith(OPEN[1])


def is_for_programs(path: str) -> bool:
    """Tell whether a path takes the Bearer token, on loopback too."""
    return path.startswith(PROGRAMS[0]) or path in PROGRAMS


def only(headers: Headers, name: bytes) -> bytes | None:
    """Give the one value of a header; None where it is missing or comes twice."""
    values = [value for key, value in headers if key.lower() == name]
    return values[0] if len(values) == 1 else None


def has_token(headers: Headers) -> bool:
    """Tell whether the request carries `Authorization: Bearer <token>`, compared in constant time."""
    scheme, _, token = (only(headers, b"authorization") or b"").partition(b" ")
    return scheme.lower() == b"bearer" and same(token.strip(), settings.TRADER_TOKEN)


def has_password(headers: Headers) -> bool:
    """Tell whether the request carries HTTP Basic, any name, with the token as password."""
    scheme, _, coded = (only(headers, b"authorization") or b"").partition(b" ")
    if scheme.lower() != b"basic":
        return False
    try:
        _, _, password = base64.b64decode(coded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return False
    return same(password, settings.TRADER_TOKEN)


def from_loopback(scope: Scope) -> bool:
    """Tell whether the client is on this machine; one that a proxy speaks for is not."""
    client = scope.get("client")
    if not client or any(key.lower() in PROXIED for key, _ in scope["headers"]):
        return False
    return is_loopback(client[0])


def is_loopback(address: str) -> bool:
    """Tell whether an address or host name is this machine itself."""
    if address == "localhost":
        return True
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def host_is_ours(headers: Headers) -> bool:
    """Tell whether the Host header is BIND or loopback: a page elsewhere must not rebind to us."""
    host = only(headers, b"host") or b""
    name, colon, port = host.lower().rpartition(b":")
    if not colon or not port.isdigit():
        name = host.lower()
    return name.decode("latin-1") in {allowed.lower() for allowed in settings.ALLOWED_HOSTS}


def origin_is_ours(headers: Headers) -> bool:
    """Tell whether a handshake comes from no browser, or from a page of this trader."""
    origins = [value for key, value in headers if key.lower() == b"origin"]
    host = only(headers, b"host") or b""
    return all(
        origin.lower() in {b"http://" + host.lower(), b"https://" + host.lower()} for origin in origins
    )


async def refuse(scope: Scope, send: Send, code: str, detail: str, headers: Headers) -> None:
    """Answer with the error; close a handshake before it is accepted, which is a 401 or a 403."""
    if scope["type"] == "websocket":
        unknown = code == "not_authenticated"
        await send({"type": "websocket.close", "code": NO_CREDENTIALS if unknown else 4403})
        return
    body = dump_json({"detail": detail, "code": code, "fields": {}}).encode()
    length = (b"content-length", str(len(body)).encode())
    all_headers = [(b"content-type", b"application/json"), length, *headers]
    await send({"type": "http.response.start", "status": STATUS[code], "headers": all_headers})
    await send({"type": "http.response.body", "body": body})


def weak_token() -> str | None:
    """Give the sentence against a chosen token on an address that others reach; None if all is well.

    api.md, section 2: "Bound beyond loopback with a generated token only." One that came by the
    environment counts as generated when it has the shape of 32 random bytes.
    """
    if is_loopback(settings.TRADER_BIND) or was_generated(settings.TOKEN_NAME):
        return None
    token: str = settings.TRADER_TOKEN
    if GENERATED.fullmatch(token) and len(set(token)) >= 20:
        return None
    return (
        f"{settings.TOKEN_NAME} is not a generated token, and BIND is {settings.TRADER_BIND}: unset it, "
        "or give it 32 random bytes (python -c 'import secrets; print(secrets.token_urlsafe(32))')."
    )

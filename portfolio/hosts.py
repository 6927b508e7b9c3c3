"""Which addresses a trader may have: http or https, on a host that TRADER_HOSTS allows."""

from urllib.parse import urlsplit

from django.conf import settings

from venues.contract.errors import Refused


def _said(sentence: str) -> Refused:
    return Refused(f"The trader's URL {sentence[:1].lower()}{sentence[1:]}", fields={"url": [sentence]})


def check_trader_url(url: str) -> str:
    """Give the URL without a trailing slash; raises Refused (`fields.url`) where PM must not go.

    A URL is scheme, host and port alone: PM shows its token to whoever answers there.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise _said("Must be like http://127.0.0.1:9002.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise _said("Must be like http://127.0.0.1:9002.")
    if parts.username or parts.password or parts.query or parts.fragment or parts.path.strip("/"):
        raise _said("Must be scheme, host and port alone.")
    allowed = {host.strip("[]").lower() for host in settings.TRADER_HOSTS}
    if parts.hostname.lower() not in allowed:
        raise _said("Must name a host that TRADER_HOSTS allows.")
    return f"{parts.scheme}://{parts.netloc}"

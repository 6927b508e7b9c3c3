"""Where a trader may be, and that the registry refuses the rest."""

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from portfolio.hosts import check_trader_url
from portfolio.models import Trader
from venues.contract.errors import Refused


@pytest.mark.parametrize("url", ["http://127.0.0.1:9002", "http://localhost:9002/", "https://[::1]:9002"])
def test_loopback_is_allowed(url: str) -> None:
    assert check_trader_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "", "9002", "ftp://127.0.0.1", "http://", "http://example.org:9002", "http://127.0.0.1.example.org",
        "http://user:pw@127.0.0.1:9002", "http://127.0.0.1:9002/path", "http://127.0.0.1:9002?x=1",
        "http://127.0.0.1:0", "http://127.0.0.1:99999", "http://[::1", "http://127.0.0.1@example.org",
        "http://0x7f000001:9002", "javascript:alert(1)", "http://127.0.0.1:9002#x",
    ],
)  # fmt: skip
def test_anything_else_is_refused_naming_the_field(url: str) -> None:
    with pytest.raises(Refused) as caught:
        check_trader_url(url)
    assert "url" in caught.value.fields
    with pytest.raises(ValidationError):
        Trader(source="hyperliquid", url=url).full_clean(validate_unique=False)


def test_further_hosts_are_allowed_by_name(settings: Settings) -> None:
    settings.TRADER_HOSTS = ["10.0.0.7"]
    assert check_trader_url("http://10.0.0.7:9002") == "http://10.0.0.7:9002"
    with pytest.raises(Refused):
        check_trader_url("http://127.0.0.1:9002")

"""Reads configuration from the environment, `.env` and `…_FILE`, each value through a loud parser."""

import os
import re
import stat
from collections.abc import Collection
from decimal import Decimal
from functools import cache
from io import StringIO
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

BASE_DIR = Path(__file__).resolve().parents[2]
HOST_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
PLAIN_NUMBER = re.compile(r"-?(?:[0-9]{1,16}(?:\.[0-9]{0,16})?|\.[0-9]{1,16})")
ASSIGNMENT = re.compile(r"(?:export )?([A-Za-z_0-9]+)=")  # as the library reads it
ALONE = 0o700  # the mode of what its user alone may read


@cache
def _dotenv(path: str) -> dict[str, str]:
    file = Path(path)
    if not file.is_file():
        return {}
    read: dict[str, str] = {}

    class Reader(Env):  # type: ignore[misc]  # the library has no types
        ENVIRON = read

    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{file} cannot be read: {error}") from None
    # Whatever else the library were given, it would log, and a line may hold a secret.
    Reader.read_env(StringIO("\n".join(line for line in lines if ASSIGNMENT.match(line))))
    return read


def dotenv_path() -> Path:
    """Give where the settings file lies, whether there is one or not."""
    return Path(os.environ.get("ENV_FILE", str(BASE_DIR / ".env")))


def raw(name: str) -> str | None:
    """Give the variable's text: the environment first, then NAME_FILE, then `.env`; None if unset."""
    dotenv = _dotenv(str(dotenv_path()))
    for place in (os.environ, dotenv):
        if place.get(name):
            return place[name]
        if place.get(f"{name}_FILE"):
            return _content(name, Path(place[f"{name}_FILE"]))
    return None


def _content(name: str, file: Path) -> str:
    try:
        found = file.read_text("utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE: cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{name}_FILE: {file} is not text in UTF-8.") from None
    if not found:  # a secret that did not arrive is not an empty password
        raise ImproperlyConfigured(f"{name}_FILE: {file} is empty.")
    return found


def text(name: str, default: str = "") -> str:
    """Give the variable's text or the default."""
    value = raw(name)
    return default if value is None else value.strip()


def integer(name: str, default: int, low: int = 0, high: int = 2**53) -> int:
    """Give a whole number from low to high; anything else stops the start with a sentence."""
    value = text(name, str(default))
    if not re.fullmatch(r"-?[0-9]{1,16}", value) or not low <= int(value) <= high:
        raise ImproperlyConfigured(f"{name} must be a whole number from {low} to {high}, not {value!r}.")
    return int(value)


def port(name: str, default: int) -> int:
    """Give a TCP port."""
    return integer(name, default, 1, 65535)


def host(name: str, default: str) -> str:
    """Give an IP address or a host name, without brackets or port."""
    value = text(name, default)
    found = _host(value)
    if found is None:
        raise ImproperlyConfigured(f"{name} must be an IP address or a host name, not {value!r}.")
    return found


def hosts(name: str, default: Collection[str]) -> list[str]:
    """Give a list of IP addresses and host names, without ports; IPv6 addresses may have brackets."""
    found = []
    for word in words(name):
        one = _host(word.removeprefix("[").removesuffix("]"))
        if one is None:
            raise ImproperlyConfigured(f"{name} must list hosts such as 10.0.0.7 or trader, not {word!r}.")
        found.append(one)
    return found or list(default)


def _host(value: str) -> str | None:
    try:
        return str(ip_address(value))
    except ValueError:
        return value if HOST_NAME.fullmatch(value) else None


def decimal(name: str, default: str, low: str, high: str) -> Decimal:
    """Give a decimal number from low to high; anything else stops the start with a sentence."""
    value = text(name, default)
    if not PLAIN_NUMBER.fullmatch(value) or not Decimal(low) <= Decimal(value) <= Decimal(high):
        raise ImproperlyConfigured(f"{name} must be a number from {low} to {high}, not {value!r}.")
    return Decimal(value)


def choice(name: str, default: str, allowed: Collection[str]) -> str:
    """Give one of the allowed words."""
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def words(name: str, default: str = "") -> list[str]:
    """Give a comma-separated list without blanks."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def url(name: str, default: str) -> str:
    """Give an http or https URL without a trailing slash."""
    value = text(name, default).rstrip("/")
    if _site(value) is None:
        raise ImproperlyConfigured(f"{name} must be an http or https URL, not {value!r}.")
    return value


def origins(name: str, default: Collection[str]) -> list[str]:
    """Give browser origins, such as https://pm.example:8443, as browsers write them."""
    found = [word.rstrip("/").lower() for word in words(name)] or list(default)
    for origin in found:
        if _site(origin) != origin:
            raise ImproperlyConfigured(
                f"{name} must list origins such as https://pm.example, not {origin!r}."
            )
    return found


def _site(value: str) -> str | None:
    """Give scheme, host and port of an http or https URL, None for what is none."""
    try:
        parts = urlsplit(value)
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:  # a port or an IPv6 address that is none
        return None
    if parts.scheme not in {"http", "https"} or host is None or port == 0:
        return None
    return f"{parts.scheme}://{in_url(host)}" + (f":{port}" if port else "")


def in_url(host: str) -> str:
    """Give a host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def var_path() -> Path:
    """Give where the directory of databases, logs and secrets lies, made or not."""
    path = Path(text("VAR_DIR", "var"))
    return path if path.is_absolute() else BASE_DIR / path


def var_dir() -> Path:
    """Give the directory of databases, logs and secrets, made if missing."""
    path = var_path()
    try:
        path.mkdir(mode=ALONE, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"VAR_DIR: cannot make {path}: {error.strerror}.") from None
    if is_shared(path) and is_ours(path):
        path.chmod(ALONE)
    if not os.access(path, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"VAR_DIR: cannot write to {path}.")
    return path


def is_shared(directory: Path) -> bool:
    """Tell whether anybody but a directory's owner may do anything there."""
    return bool(directory.stat().st_mode & 0o077)


def is_ours(directory: Path) -> bool:
    """Tell whether a directory holds what this project keeps, or nothing, and belongs to this user.

    Another's folder, or one such as /tmp that others use too, is not ours to close.
    """
    about = directory.stat()
    if about.st_uid != os.geteuid() or about.st_mode & stat.S_ISVTX:
        return False
    return (directory / "secrets").is_dir() or not any(directory.iterdir())


def exposure() -> str | None:
    """Give a sentence where others may look into VAR_DIR and closing it is not ours to do."""
    path = var_dir()
    if not is_shared(path):
        return None
    return (
        f"VAR_DIR {path} is open to other users and holds password hashes, sessions and trades: chmod 700 it."
    )

"""Secrets: from the environment where set, else generated once into VAR_DIR/secrets (0600)."""

import hmac
import os
import secrets as random
from collections.abc import Callable
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from venues.serving import environment


def _file(name: str) -> Path:
    directory = environment.var_dir() / "secrets"
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory / name


def generated_token() -> str:
    """Give 32 random bytes as text."""
    return random.token_urlsafe(32)


def find(name: str) -> str | None:
    """Give the secret from the environment or VAR_DIR/secrets; None where there is none."""
    value = environment.raw(name)
    if value is not None:
        return value.strip()
    file = _file(name)
    return file.read_text().strip() if file.is_file() else None


def secret(name: str, make: Callable[[], str] = generated_token) -> str:
    """Give the secret, generated and kept where nobody set it; an empty one stops the start."""
    value = find(name)
    if value is None:
        value = keep(name, make())
    if not value:
        raise ImproperlyConfigured(f"{name} is set but empty.")
    return value


def keep(name: str, value: str) -> str:
    """Write a generated secret unless another process was first; give the one that holds."""
    file = _file(name)
    draft = file.with_name(f".{name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(value + "\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return file.read_text().strip()


def was_generated(name: str) -> bool:
    """Tell whether the secret in force was made by us rather than chosen in the environment."""
    return environment.raw(name) is None


def same(given: str | bytes | None, expected: str) -> bool:
    """Compare in constant time, as bytes: `compare_digest` raises on non-ASCII text."""
    if not given or not expected:
        return False
    given = given if isinstance(given, bytes) else given.encode("utf-8", "surrogateescape")
    return hmac.compare_digest(given, expected.encode())

"""The first login on its way from `prepare`, which makes it, to `ready`, which prints it once."""

import os
from pathlib import Path

from django.conf import settings


def _file() -> Path:
    return Path(settings.VAR_DIR) / "first-login"


def keep_first_login(name: str, password: str | None) -> None:
    """Keep name and generated password for `ready`; None where the operator chose the password."""
    handle = os.open(_file(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(f"{name} / {password if password is not None else 'your PM_ADMIN_PASSWORD'}\n")


def take_first_login() -> list[str]:
    """Give the line to print, once: the file is gone after that. Empty where there is none."""
    try:
        text = _file().read_text().strip()
        _file().unlink()
    except FileNotFoundError:
        return []
    return [text]

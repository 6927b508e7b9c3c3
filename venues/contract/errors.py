"""Errors named by what to do next; every one has a word for a machine and a sentence for a person."""

from collections.abc import Mapping
from typing import Any

Fields = Mapping[str, list[str]]


class ProductError(Exception):
    """The base of all errors that reach a face: `code` for a machine, `detail` for a person."""

    code = "invalid"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        fields: Fields | None = None,
        row: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.fields: dict[str, list[str]] = {name: list(said) for name, said in (fields or {}).items()}
        self.row = row

    def body(self) -> dict[str, Any]:
        """Give the JSON body of api.md, "Errors"; `row` only where there is one."""
        body: dict[str, Any] = {"detail": self.detail, "code": self.code, "fields": self.fields}
        if self.row is not None:
            body["row"] = self.row
        return body


class Refused(ProductError):
    """Tell the user: the request cannot be carried out as it stands."""


class NotFound(Refused):
    """Tell the user: a well-formed name that nobody has."""

    code = "not_found"


class Conflict(ProductError):
    """Show theirs: somebody was first, or the state forbids it; `row` is what holds."""

    code = "conflict"


class Unreachable(ProductError):
    """Retry later: nobody answered, so nothing is known to have happened."""

    code = "trader_unreachable"


class BadAnswer(ProductError):
    """Do not believe it: an answer came, and it is not what was agreed."""

    code = "trader_bad_answer"


class TokenRefused(BadAnswer):
    """Look at the settings: the trader does not take PM's token, or asks for one that PM has not."""

    def __init__(self) -> None:
        super().__init__("The trader refuses PM's token.")


class Unknown(ProductError):
    """Reconcile: it was sent, and what became of it is not known."""

    code = "unknown"


STATUS = {
    "invalid": 400,
    "bad_json": 400,
    "bad_path": 400,
    "not_authenticated": 401,
    "permission_denied": 403,
    "csrf_failed": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "rejected": 409,
    "killed": 409,
    "not_killed": 409,
    "not_flat": 409,
    "epoch": 409,
    "revision_reused": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "idempotency": 422,
    "throttled": 429,
    "trader_bad_answer": 502,
    "trader_unreachable": 503,
    "not_durable": 503,
}


def status_of(error: ProductError) -> int:
    """Give the HTTP status of api.md, "Errors", for an error's code; 400 for any other."""
    return STATUS.get(error.code, 400)


def invalid(fields: Fields, label: str = "") -> Refused:
    """Give the error for bad fields; its sentence is the first field's, with that field's label."""
    name, said = next(iter(fields.items()))
    sentence = said[0]
    if sentence.startswith("Must "):
        sentence = f"{label or name} {sentence[:1].lower()}{sentence[1:]}"
    elif name != "non_field_errors":
        sentence = f"{label or name}: {sentence}"
    return Refused(sentence, code="invalid", fields=fields)

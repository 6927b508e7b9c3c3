"""What people type into a row: forgiving about how a number is written, strict about what it says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from venues.contract.limits import LIMIT_NAMES, SPEC
from venues.contract.money import plain

GROUPS = re.compile(r"(?<=[0-9])[ \u00a0\u2009\u202f'](?=[0-9]{3}(?![0-9]))")
NUMBER = re.compile(r"[-\u2212+]?[0-9]{1,15}(?:[.,][0-9]{1,12})?")
TWO_WAYS = re.compile(r"[-\u2212+]?[1-9][0-9]{0,2},[0-9]{3}")
LONGEST_REASON = 500


class NotTyped(ValueError):
    """Text that is no number to a person either; its text is the sentence."""


def typed_number(text: str) -> Decimal | None:
    """Give the number a person typed, None for a blank; `0,5`, `1 000` and a real minus are fine.

    Raises NotTyped for what is no number, and for `1,000`, which is 1 to some and 1000 to others.
    """
    bare = GROUPS.sub("", text.strip())
    if not bare:
        return None
    if TWO_WAYS.fullmatch(bare):
        raise NotTyped(f"Can be read in two ways: write {bare.replace(',', '')} or {bare.split(',')[0]}.")
    if not NUMBER.fullmatch(bare):
        raise NotTyped("Must be a plain number, such as 0,5 or 1 000.")
    return plain(Decimal(bare.replace("\u2212", "-").replace(",", ".")))


@dataclass
class RowForm:
    """One row as it was sent: what is typed, what stood there before, the revision that was shown."""

    typed: dict[str, str]
    values: dict[str, Decimal] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    seen: dict[str, Decimal] = field(default_factory=dict)
    seen_enabled: bool | None = None
    revision: int | None = None
    back: int | None = None
    confirmed: frozenset[str] = frozenset()
    reason: str = ""
    epoch: int | None = None

    @property
    def changes(self) -> dict[str, Decimal]:
        """The fields whose value is another than the one that stood there: untouched ones are not sent."""
        return {name: value for name, value in self.values.items() if self.seen.get(name) != value}

    def saw(self, row: Mapping[str, Any]) -> bool:
        """Tell whether the operator had this row's settings on screen, whatever its revision."""
        return self.saw_limits(row) and self.seen_enabled == row["enabled"]

    def saw_limits(self, row: Mapping[str, Any]) -> bool:
        """Tell the same of the three limits alone."""
        return all(self.seen.get(name) == row[name] for name in LIMIT_NAMES)

    def took(self, saved: Mapping[str, Decimal]) -> None:
        """Take what was saved beside the fields as seen, and into those that nobody had typed in."""
        for name, value in saved.items():
            if name in self.typed and name not in self.changes and name not in self.errors:
                self.typed[name], self.values[name] = f"{value:f}", value
        self.seen.update(saved)

    def agrees(self, row: Mapping[str, Any]) -> bool:
        """Tell whether the limits stand in the form as the row holds them, whoever put them there."""
        return all(self.values.get(name) == row[name] for name in LIMIT_NAMES)


def read(posted: Mapping[str, str]) -> RowForm:
    """Give the form of a POST; errors are by field, in sentences; a blank field means unchanged."""
    form = RowForm({name: posted.get(name, "")[:60] for name in LIMIT_NAMES if name in posted})
    for name, text in form.typed.items():
        try:
            number = typed_number(text)
        except NotTyped as error:
            form.errors[name] = str(error)
            continue
        if number is None:
            continue
        wrong = SPEC[name].check(number)
        if wrong:
            form.errors[name] = wrong
        else:
            form.values[name] = number
    for name in LIMIT_NAMES:
        if re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,6})?", posted.get(f"was_{name}", "")):
            form.seen[name] = Decimal(posted[f"was_{name}"])
    form.seen_enabled = {"1": True, "0": False}.get(posted.get("was_enabled", ""))
    form.revision = _whole(posted.get("keep")) if posted.get("keep") else _whole(posted.get("revision"))
    form.back = _whole(posted.get("back"))
    form.epoch = _whole(posted.get("epoch"))
    form.confirmed = frozenset(posted.get("confirmed", "").split())
    form.reason = "".join(letter for letter in posted.get("reason", "") if letter.isprintable())
    form.reason = form.reason.strip()[:LONGEST_REASON]
    return form


def _whole(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,16}", text) else None

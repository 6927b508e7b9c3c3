"""One row as the page shows it: its words, numbers and tones, formatted once when the row changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from riskcontrol.forms import RowForm
from riskcontrol.questions import name_of
from riskcontrol.remarks import Remark, kill_remark, loss_text, lost, remarks
from venues.contract.limits import SPECS, LimitSpec
from venues.contract.money import to_micros
from venues.serving.numerals import (
    NARROW,
    UNKNOWN,
    brief,
    epoch_ms,
    exact,
    figure,
    moment,
    parts,
    reward,
)

SHORT = {"risk_per_trade": "risk", "stop_loss_dollars": "stop", "max_strategy_loss": "max"}
FLAT = "Flat"
WATCH = Decimal(75)
ALARM = Decimal(90)
SYNC_WORDS = {
    "applied": ("Applied", "ok quiet", "check"),
    "pending": ("Pending", "warn", "clock"),
    "rejected": ("Rejected", "bad", "no"),
    "drift": ("Drift", "warn", "drift"),
}


@dataclass(frozen=True)
class Limit:
    """One of the three fields: what stands in it, what is stored, and what is wrong with it."""

    spec: LimitSpec
    short: str
    stored: Decimal
    text: str
    error: str = ""
    seen: Decimal | None = None
    refused: str = ""  # by the trader: the row's notes show it

    @property
    def was(self) -> str:
        """What stood there when the operator began, as the form sends it back."""
        return f"{self.stored if self.seen is None else self.seen:f}"

    @property
    def plain(self) -> str:
        """The stored number as the form sends it back."""
        return f"{self.stored:f}"

    @property
    def stored_text(self) -> str:
        """The stored number as the field shows it."""
        return exact(self.stored, 2)

    @property
    def changed(self) -> bool:
        """Whether something else than what is stored stands in the field."""
        return self.text != self.stored_text


@dataclass
class Shown:
    """What the row's template needs, beside the row itself."""

    row: Mapping[str, Any]
    number: int
    label: str
    limits: list[Limit]
    classes: str
    tones: str
    badge: dict[str, str]
    pnl: str
    micros: int | None
    used: dict[str, Any]
    reward: str
    position: dict[str, Any] | None
    sync: dict[str, str]
    as_of_ms: int | None
    follows: bool
    kill: Remark | None
    remarks: list[Remark]
    can_reset: bool
    revision: int = 0
    seen_enabled: bool = False
    flat: str = FLAT
    errors: dict[str, str] = field(default_factory=dict)
    refusal: str = ""
    told: str = ""  # a refusal that the row's notes show already
    conflict: list[dict[str, str]] | None = None
    conflict_by: str = ""
    said: str = ""

    @property
    def worth_micros(self) -> int | str:
        """What the open trade is worth; empty where that, or whether there is one, is not known."""
        if self.position:
            found: int | str = self.position["micros"]
            return found
        return 0 if self.flat == FLAT else ""


def show(row: Mapping[str, Any], source_status: str) -> Shown:
    """Give the row as the page shows it while its source has this status."""
    follows = row.get("_present", True)
    live = source_status == "online" and follows
    used = loss_used(row)
    tones = _tones(row, live, used["share"])
    return Shown(
        row=row,
        number=row["_id"],
        label=name_of(row),
        limits=[_limit(spec, row[spec.name]) for spec in SPECS],
        classes="",
        tones=" ".join(tones),
        badge=_badge(row, live),
        pnl=brief(row["total_pnl"], signed=True),
        micros=None if row["total_pnl"] is None else to_micros(row["total_pnl"]),
        used=used,
        reward=reward(row["model_reward"]),
        position=_position(row["position"]),
        sync=_sync(row),
        as_of_ms=epoch_ms(row["as_of"]),
        follows=follows,
        kill=kill_remark(row),
        remarks=remarks(row, source_status == "offline"),
        can_reset=bool(row["is_killed"] and is_over(row["kill"])),
        revision=row["revision"],
        seen_enabled=row["enabled"],
        flat=FLAT if row.get("_tells_positions", True) else "Position unknown",
    )


def with_form(shown: Shown, form: RowForm) -> Shown:
    """Put what was typed back into the fields, with what is wrong about it."""
    shown.limits = [
        Limit(one.spec, one.short, one.stored, _typed(one, form), form.errors.get(one.spec.name, ""))
        for one in shown.limits
    ]
    shown.errors = {
        one.spec.name: f"{one.spec.label} {_lower(one.error)}" for one in shown.limits if one.error
    }
    if shown.errors:
        shown.classes += " refused"
    if any(one.changed for one in shown.limits):
        shown.classes += " dirty"
    return shown


def _typed(limit: Limit, form: RowForm) -> str:
    name = limit.spec.name
    if name not in form.typed or (name not in form.errors and name not in form.changes):
        return limit.stored_text
    if form.values.get(name) == limit.stored:
        return limit.stored_text
    return form.typed[name].strip() if name in form.errors else exact(form.values[name], 2)


def with_conflict(shown: Shown, form: RowForm, by: str) -> Shown:
    """Put theirs and mine side by side; the row goes on naming the revision that mine began from."""
    shown.limits = [replace(one, seen=form.seen.get(one.spec.name)) for one in shown.limits]
    shown.revision = shown.revision if form.revision is None else form.revision
    shown.seen_enabled = shown.seen_enabled if form.seen_enabled is None else form.seen_enabled
    shown.conflict_by = by
    shown.conflict = [
        {
            "label": one.spec.label,
            "was": exact(form.seen.get(one.spec.name), 2),
            "theirs": one.stored_text,
            "mine": exact(form.values[one.spec.name], 2) if one.spec.name in form.changes else "",
        }
        for one in shown.limits
        if form.seen.get(one.spec.name) != one.stored or one.spec.name in form.changes
    ]
    if form.seen_enabled is not None and form.seen_enabled != shown.row["enabled"]:
        words = {True: "on", False: "off"}
        was, theirs = words[form.seen_enabled], words[bool(shown.row["enabled"])]
        shown.conflict.append({"label": "Enabled", "was": was, "theirs": theirs, "mine": ""})
    shown.classes += " attention"
    return shown


def is_closing(row: Mapping[str, Any]) -> bool:
    """Tell whether a kill is in force and its position is not known to be flat."""
    kill = row["kill"]
    return bool(row["is_killed"] and kill and kill["state"] in {"requested", "gate_closed"})


def is_over(kill: Mapping[str, Any] | None) -> bool:
    """Tell whether a kill has done its work, so that a reset is not refused for what is still held."""
    return kill is None or kill["state"] == "flat_confirmed"


def loss_used(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give the meter: share of the Max DD in force that is lost, in percent, and the dollars left.

    `title` has both numbers and says which one kills, where the trader says it.
    """
    loss, most = lost(row), (row["enforced"] or row)["max_strategy_loss"]
    kills = f" Kills on {row['kill_on']}." if row["kill_on"] else ""
    used = {
        "kills_on": row["kill_on"] or "",
        "micros": None if loss is None else to_micros(loss),
        "title": f"Loss {_loss_of(row)}, drawdown {figure(row['drawdown'])}, Max DD {figure(most)}.{kills}",
    }
    if loss is None:
        return {**used, "share": None, "value": 0, "text": UNKNOWN, "room": None, "left": UNKNOWN, "tone": ""}
    share, room = max(loss, Decimal(0)) * 100 / most, max(most - loss, Decimal(0))
    return {
        **used,
        "share": share,
        "value": min(int(share), 100),
        "text": f"{int(share)}{NARROW}%" if share < 1000 else f">999{NARROW}%",
        "room": room,
        "left": brief(room),
        "tone": "bad" if share >= ALARM else "warn" if share >= WATCH else "",
    }


def _loss_of(row: Mapping[str, Any]) -> str:
    return UNKNOWN if row["total_pnl"] is None else loss_text(-row["total_pnl"])


def _limit(spec: LimitSpec, stored: Decimal) -> Limit:
    return Limit(spec, SHORT[spec.name], stored, exact(stored, 2))


def _tones(row: Mapping[str, Any], live: bool, share: Decimal | None) -> list[str]:
    tones = [] if live else ["silent"]
    if row["is_killed"]:
        return [*tones, "killing" if is_closing(row) else "killed"]
    kill = row["kill"]
    if row["sync"] == "pending" or (kill and kill["state"] == "requested"):
        return [*tones, "waiting"]
    if row["sync"] == "rejected":
        return [*tones, "refused"]
    near = share is not None and share >= WATCH
    return [*tones, "attention"] if row["sync"] == "drift" or near else tones


def _badge(row: Mapping[str, Any], live: bool) -> dict[str, str]:
    if is_closing(row):
        return {"tone": "killing", "icon": "stop", "word": "KILLED", "more": "closing", "title": ""}
    if row["is_killed"]:
        return {"tone": "killed", "icon": "stop", "word": "KILLED", "more": "", "title": ""}
    if not live:
        title = "Last known, not live"
        return {
            "tone": "unknown",
            "icon": "unknown",
            "word": f"was {row['status']}",
            "more": "",
            "title": title,
        }
    icon = "on" if row["status"] == "Active" else "off"
    return {"tone": row["status"].lower(), "icon": icon, "word": row["status"], "more": "", "title": ""}


def _position(position: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if position is None:
        return None
    mark, stop = position["mark_price"], position["stop_price"]
    side = position["side"].capitalize()
    worth = None if mark is None else position["size"] * mark
    gap = None if not mark or stop is None else (stop - mark) * 100 / mark
    rests = f"stop rests at {exact(stop)}" if stop is not None else "no stop is known"
    title = (
        f"{side} {exact(position['size'])} at {exact(position['entry_price'])}, mark {exact(mark)}, "
        f"worth {figure(worth)}, {rests}"
    )
    whole, rest = parts(stop) if stop is not None else (UNKNOWN, "")
    return {
        "side": side,
        "size": exact(position["size"]),
        "worth": brief(worth, cents_below=1_000),
        "micros": "" if worth is None else to_micros(worth),
        "stop_whole": whole,
        "stop_rest": rest,
        "gap": "" if gap is None else figure(gap, signed=True),
        "title": title,
    }


def _sync(row: Mapping[str, Any]) -> dict[str, str]:
    kill = row["kill"]
    if kill and kill["state"] == "requested" and not row["is_killed"]:
        return {
            "word": "Kill sent",
            "tone": "bad",
            "icon": "clock",
            "title": f"since {moment(kill['at'])} UTC",
        }
    word, tone, icon = SYNC_WORDS[row["sync"]]
    return {"word": word, "tone": tone, "icon": icon, "title": f"revision {row['revision']}"}


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]

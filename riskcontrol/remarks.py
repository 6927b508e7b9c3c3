"""A row's second line: what is wrong, since when, what holds meanwhile (design: "a row says it itself")."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from venues.contract.limits import LIMIT_NAMES, SPEC
from venues.contract.states import counted_loss
from venues.serving.numerals import clock, exact, figure, moment

STEP_WORDS = (
    ("requested", "kill requested"),
    ("gate_closed", "gate closed"),
    ("flat_confirmed", "flat confirmed"),
)
# The sentence of a trader's warning code
WORDS = {"stop_moving": "The stop at the venue is on its way to where the limits want it."}
SAID_ELSEWHERE = ("kill asked for at",)


@dataclass(frozen=True)
class Remark:
    """One line: `say` in its tone, then parts, then steps of (icon, words, whether it comes next)."""

    say: str
    tone: str = "warn"
    icon: str = "warn"
    parts: tuple[str, ...] = ()
    steps: tuple[tuple[str, str, bool], ...] = ()
    dim: str = ""
    back: str = ""  # words of the button that goes back to what is enforced


def kill_remark(row: Mapping[str, Any]) -> Remark | None:
    """Give the line under a killed or to-be-killed row: when, PnL, limit, cause, epoch, how far it is."""
    kill = row["kill"]
    if kill is None or not (row["is_killed"] or kill["state"] == "requested"):
        return Remark("Killed.", "bad", "", dim="No orders until reset") if row["is_killed"] else None
    if not row["is_killed"]:
        said = (kill["last_answer"],) if kill["last_answer"] else ()
        return Remark(
            f"Kill requested {moment(kill['at'])} UTC, not acknowledged by {row['source']}.",
            "bad",
            "clock",
            (*said, "Sent again until it is", "resting stops stay at the venue"),
            _steps(kill),
        )
    limit = figure(kill["limit"]) if kill["limit"] is not None else "none"
    facts = f"limit {limit}, cause {kill['cause']}, epoch {kill['epoch']}"
    say = f"Killed {moment(kill['at'])} UTC at {figure(kill['total_pnl'], signed=True)}"
    held = kill["state"] == "held"
    rest = "position and stop are held" if held else ""
    dim = "No orders until reset, no reset while it is held" if held else "No orders until reset"
    return Remark(say, "bad", "", tuple(part for part in (facts, rest) if part), _steps(kill), dim)


def _steps(kill: Mapping[str, Any]) -> tuple[tuple[str, str, bool], ...]:
    names = [name for name, _ in STEP_WORDS]
    reached = names.index(kill["state"]) if kill["state"] in names else 1
    done = [("check", words, False) for _, words in STEP_WORDS[1 : reached + 1]]
    if kill["state"] in {"flat_confirmed", "held"}:
        return tuple(done)
    following = STEP_WORDS[reached + 1][1]
    if kill["state"] == "gate_closed":
        following = _flattening(kill)
    return (*done, ("clock", following, True))


def _flattening(kill: Mapping[str, Any]) -> str:
    left = "" if not kill["left"] else f": {exact(kill['left'])} left"
    tries = f", attempt {kill['tries']}" if kill["tries"] else ""
    answer = f", last answer: {kill['last_answer']}" if kill["last_answer"] else ""
    return f"closing{left}{tries}{answer}"


def remarks(row: Mapping[str, Any], offline: bool) -> list[Remark]:
    """Give the lines about settings: pending, rejected or drift, then the row's warnings."""
    found = []
    if row["sync"] == "pending":
        found.append(_pending(row, offline))
    elif row["sync"] == "rejected":
        found.append(_rejected(row))
    elif row["sync"] == "drift":
        found.append(
            Remark(
                "The trader enforces other settings than desired.",
                "warn",
                "drift",
                tuple(
                    f"{label}: desired {wanted}, enforced {held}" for label, wanted, held in differing(row)
                ),
                dim="PM sends them again",
            )
        )
    said = [text for text in row["warnings"] if not text.startswith(SAID_ELSEWHERE)]
    if row["sync"] == "rejected":
        said = [text for text in said if text not in row["_refusals"]]
    return [*found, *(Remark(WORDS.get(text, _sentence(text))) for text in said)]


def differing(row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Give (label, desired, enforced) of the settings that the trader holds otherwise."""
    held = row["enforced"]
    if held is None:
        return []
    found = [
        (SPEC[name].label, exact(row[name], 2), exact(held[name], 2))
        for name in LIMIT_NAMES
        if held[name] != row[name]
    ]
    if held["enabled"] != row["enabled"]:
        found.append(("Enabled", _on(row["enabled"]), _on(held["enabled"])))
    return found


def _pending(row: Mapping[str, Any], offline: bool) -> Remark:
    since = (
        f"{row['source']} offline since {clock(row['as_of'])} UTC"
        if offline
        else f"{row['source']} has not acknowledged it yet"
    )
    kept = tuple(
        f"{label} {wanted} is kept until it is delivered, enforced meanwhile: {held}"
        for label, wanted, held in differing(row)
    )
    return Remark(f"Pending: {since}.", "warn", "clock", kept or ("Kept until it is delivered",))


def _rejected(row: Mapping[str, Any]) -> Remark:
    return Remark(
        f"Rejected by {row['source']}: {' '.join(row['_refusals'])}",
        "bad",
        "no",
        tuple(f"{label} {wanted} refused, still enforced: {held}" for label, wanted, held in differing(row)),
        back=_back(way_back(row)),
    )


def way_back(row: Mapping[str, Any]) -> dict[str, Decimal]:
    """Give, as enforced, the limits that a row desires otherwise; empty where one could not be saved."""
    held = row["enforced"] or row
    found = {name: held[name] for name in LIMIT_NAMES if held[name] != row[name]}
    return {} if any(SPEC[name].check(value) for name, value in found.items()) else found


def _back(limits: Mapping[str, Decimal]) -> str:
    if len(limits) > 1:
        return "Go back to what is enforced"
    return "".join(f"Go back to {exact(value, 2)}" for value in limits.values())


def _sentence(text: str) -> str:
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith((".", "!", "?")) else f"{whole}."


def _on(flag: bool) -> str:
    return "on" if flag else "off"


def lost(row: Mapping[str, Any]) -> Decimal | None:
    """Give what a row has lost of its Max DD, by what its trader kills on."""
    return counted_loss(row["kill_on"], row["total_pnl"], row["drawdown"])


def loss_text(loss: Decimal | None) -> str:
    """Give a loss in words; 0.00 while there is none."""
    return figure(max(loss or Decimal(0), Decimal(0)))

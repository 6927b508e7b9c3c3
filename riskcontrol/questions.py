"""Which change asks first, and what the question says: by direction of risk (console.md, "The table")."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from riskcontrol.remarks import loss_text, lost
from venues.contract.limits import SPEC, SPECS
from venues.serving.numerals import exact, figure, moment


@dataclass
class Question:
    """A dialog: `words` name what a yes confirms, so that a yes to one thing is none to another."""

    title: str
    action: str
    words: list[str] = field(default_factory=list)
    intro: str = ""
    changes: list[tuple[str, str, str, bool]] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    points: list[tuple[str, str, str]] = field(default_factory=list)
    button: str = ""
    tone: str = "loosen"
    icon: str = "up"
    hidden: dict[str, str] = field(default_factory=dict)
    takes_reason: bool = True

    @property
    def confirmed(self) -> str:
        """The words as the form sends them back."""
        return " ".join(self.words)


def name_of(row: Mapping[str, Any]) -> str:
    """Give how the page names a row: traders may run strategies of one name on one symbol."""
    return f"{row['name'] or row['strategy_id']} {row['symbol']} on {row['source']}"


def about_change(row: Mapping[str, Any], changes: Mapping[str, Decimal]) -> Question | None:
    """Give the question that these changes of limits need; None where all of them only tighten."""
    words = [
        word
        for word, asks in (
            ("loosen", loosens(row, changes)),
            ("kill", kills_now(row, changes)),
            ("close", closes_now(row, changes)),
        )
        if asks
    ]
    if not words:
        return None
    table = [
        (
            spec.label,
            exact(row[spec.name], 2),
            exact(changes[spec.name], 2),
            changes[spec.name] > row[spec.name],
        )
        for spec in SPECS
        if spec.name in changes and changes[spec.name] != row[spec.name]
    ]
    question = Question("", "save", words, changes=table)
    stops = "kill" in words or "close" in words
    verb = "Kill" if "kill" in words else "Close the trade of" if "close" in words else "Loosen"
    question.title = f"{verb} {name_of(row)}?"
    question.points = _points(row, changes, words)
    question.tone, question.icon = ("danger now", "stop") if stops else ("loosen", "up")
    question.button = {"Kill": "Save and kill now", "Loosen": _loosen_to(table)}.get(
        verb, "Save and close now"
    )
    return question


def loosens(row: Mapping[str, Any], changes: Mapping[str, Decimal]) -> bool:
    """Tell whether any changed limit lets more risk in: each of the three does by rising."""
    return any(value > row[name] for name, value in changes.items())


def kills_now(row: Mapping[str, Any], changes: Mapping[str, Decimal]) -> bool:
    """Tell whether the changed Max DD lies below the present loss (risk.md, "Kill switch")."""
    limit, loss = changes.get("max_strategy_loss"), lost(row)
    return limit is not None and loss is not None and not row["is_killed"] and loss > limit


def closes_now(row: Mapping[str, Any], changes: Mapping[str, Decimal]) -> bool:
    """Tell whether the changed Stop Loss lies below what the open trade has lost (risk.md, "Stop")."""
    limit, position = changes.get("stop_loss_dollars"), row["position"]
    if limit is None or position is None or row["is_killed"] or limit >= row["stop_loss_dollars"]:
        return False
    pnl = position["unrealized_pnl"]
    return pnl is not None and -pnl > limit


def _points(
    row: Mapping[str, Any], changes: Mapping[str, Decimal], words: list[str]
) -> list[tuple[str, str, str]]:
    points = []
    if "kill" in words:
        limit = exact(changes["max_strategy_loss"], 2)
        word, loss = row["kill_on"] or "loss", loss_text(lost(row))
        points.append(("bad", "stop", f"Max DD {limit} kills now: the {word} is already {loss}."))
        points.append(("bad", "stop", "The position is closed at the market; nothing trades until a reset."))
    if "close" in words:
        limit = exact(changes["stop_loss_dollars"], 2)
        loss = loss_text(-row["position"]["unrealized_pnl"])
        points.append(("bad", "stop", f"Stop Loss {limit} closes the open trade now: it has lost {loss}."))
    if "loosen" in words:
        points += _loosening(row, changes)
    kept = [spec.label for spec in SPECS if spec.name not in changes]
    if kept:
        points.append(("", "no", f"{' and '.join(kept)} {'stay' if len(kept) > 1 else 'stays'} as it is."))
        if len(kept) > 1:
            points[-1] = ("", "no", f"{' and '.join(kept)} stay as they are.")
    return points


def _loosening(row: Mapping[str, Any], changes: Mapping[str, Decimal]) -> list[tuple[str, str, str]]:
    points = []
    loss = lost(row) or Decimal(0)
    for name, value in changes.items():
        if value <= row[name]:
            continue
        if name == "max_strategy_loss":
            left, before = max(value - loss, Decimal(0)), max(row[name] - loss, Decimal(0))
            said = f"It may lose {figure(left)} from here before the kill switch trips, not {figure(before)}."
        elif name == "stop_loss_dollars":
            said = f"One trade may lose {figure(value)}, not {figure(row[name])}; an open stop moves out."
        else:
            said = (
                f"The next trade uses {exact(value, 2)} % of equity as margin, not {exact(row[name], 2)} %."
            )
        points.append(("warn", "up", said))
    if row["is_killed"]:
        points.append(("", "no", "It stays killed: a raised limit does not reset."))
    return points


def _loosen_to(table: list[tuple[str, str, str, bool]]) -> str:
    risen = [new for _, _, new, up in table if up]
    return f"Loosen to {risen[0]}" if len(risen) == 1 else "Loosen"


def about_enable(row: Mapping[str, Any]) -> Question:
    """Give the question before an enable that follows a kill and its reset."""
    return Question(
        f"Enable {name_of(row)} after its kill?",
        "enable",
        ["enable"],
        points=[
            ("warn", "up", "It may open trades again at its next signal."),
            ("", "check", f"Up to {figure(row['max_strategy_loss'])} may be lost before it is killed again."),
            ("", "no", "It does not change the limits."),
        ],
        button="Enable and trade again",
    )


def about_reset(row: Mapping[str, Any], halted: str | None) -> Question:
    """Give the question before a reset; it names the kill that it clears. `halted`: why its source is."""
    kill = row["kill"] or {}
    epoch = kill.get("epoch", row["epoch"])
    question = Question(
        f"Reset the kill switch of {name_of(row)}?",
        "reset",
        ["reset"],
        intro="It clears this kill:",
        hidden={"epoch": str(epoch)},
    )
    if kill:
        question.facts = [
            ("Killed", f"{moment(kill['at'])} UTC"),
            ("PnL then ($)", figure(kill["total_pnl"], signed=True)),
            ("Limit ($)", figure(kill["limit"])),
            ("Cause", kill["cause"]),
            ("Epoch", str(epoch)),
            ("Position", kill["state"].replace("_", " ")),
        ]
    again = _after_reset(row, halted)
    question.button = "Reset and trade again" if again[0] else "Reset"
    most = exact(row["max_strategy_loss"], SPEC["max_strategy_loss"].decimals)
    question.points = [
        again,
        (
            "",
            "check",
            f"Total PnL becomes 0.00, epoch {epoch + 1} begins, and up to {most} may be lost again.",
        ),
        ("", "no", "It does not change the limits and does not reopen the closed position."),
    ]
    return question


def _after_reset(row: Mapping[str, Any], halted: str | None) -> tuple[str, str, str]:
    """Give the point about what follows: a reset leaves enabled as it was, and lifts no halt."""
    wanted, held = bool(row["enabled"]), bool((row["enforced"] or row)["enabled"])
    if not wanted and not held:
        return ("", "check", "It stays disabled: nothing trades before it is enabled.")
    if halted:
        return ("", "check", f"It opens no trade while {row['source']} is halted: {halted}")
    if wanted != held:
        word = "Enabled" if wanted else "Disabled"
        return ("warn", "up", f"Trading may start again at once: {word} has not reached the trader yet.")
    return ("warn", "up", "Trading starts again at once: the strategy is still enabled.")

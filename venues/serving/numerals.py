"""Numbers and times as people read them on a page: real minus, narrow groups, decimals fixed by field."""

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

MINUS = "\N{MINUS SIGN}"
NARROW = "\N{NARROW NO-BREAK SPACE}"
UNKNOWN = "\N{EN DASH}"
WIDE = Context(
    prec=100
)  # a quotient or product of what a trader may report has more than the usual 28 digits


def figure(number: Decimal | None, decimals: int = 2, signed: bool = False) -> str:
    """Give a number rounded to fixed decimals, an explicit plus where `signed`; a dash for None."""
    if number is None:
        return UNKNOWN
    rounded = number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN, WIDE)
    digits = f"{abs(rounded):,.{decimals}f}".replace(",", NARROW)
    if not rounded:
        return digits
    return (MINUS if rounded < 0 else "+" if signed else "") + digits


def brief(number: Decimal | None, cents_below: int = 100_000, signed: bool = False) -> str:
    """Give dollars that must fit a column: whole ones from `cents_below` on, then millions."""
    if number is None or abs(number) < cents_below:
        return figure(number, 2, signed)
    if abs(number) < 100_000_000:
        return figure(number, 0, signed)
    return f"{figure(number.scaleb(-6, WIDE), 0, signed)}{NARROW}M"


def exact(number: Decimal | None, fewest: int = 0) -> str:
    """Give a number with all the decimals it has, at least `fewest`; a dash for None."""
    if number is None:
        return UNKNOWN
    exponent = number.normalize().as_tuple().exponent
    held = -exponent if isinstance(exponent, int) else 0
    return figure(number, max(fewest, held, 0))


def parts(number: Decimal | None) -> tuple[str, str]:
    """Give an exact number as (whole, point and decimals), so that points line up in a column."""
    whole, point, rest = exact(number).partition(".")
    return whole, point + rest


def percent(share: Decimal, decimals: int = 2, signed: bool = False) -> str:
    """Give a share of 100 with its sign and the percent sign."""
    return f"{figure(share, decimals, signed)}{NARROW}%"


def reward(number: Decimal | None) -> str:
    """Give a model's reward as `R: 123.4`; a dash where its training recorded none."""
    return UNKNOWN if number is None else f"R: {figure(number, 1 if abs(number) < 10_000 else 0)}"


def age(seconds: float | None) -> str:
    """Give an age in the largest unit that fits: 0.2 s, 14 s, 3 min, 2 h; `never` for None."""
    if seconds is None:
        return "never"
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f}{NARROW}s"
    if seconds < 60:
        return f"{int(seconds)}{NARROW}s"
    if seconds < 3600:
        return f"{int(seconds // 60)}{NARROW}min"
    return f"{int(seconds // 3600)}{NARROW}h"


def long_age(seconds: float | None) -> str:
    """Give an age in two units: 14 s, 1 min 53 s, 2 h 5 min; `never` for None."""
    if seconds is None or seconds < 60:
        return age(seconds)
    if seconds < 3600:
        return f"{int(seconds // 60)}{NARROW}min {int(seconds % 60)}{NARROW}s"
    return f"{int(seconds // 3600)}{NARROW}h {int(seconds % 3600 // 60)}{NARROW}min"


def clock(iso: str | datetime | None) -> str:
    """Give the time of day in UTC of an ISO 8601 text, `12:04:58`; the text itself where it is none."""
    if isinstance(iso, datetime):
        return f"{iso:%H:%M:%S}"
    try:
        return f"{datetime.fromisoformat(iso or ''):%H:%M:%S}"
    except ValueError:
        return iso or UNKNOWN


def moment(iso: str) -> str:
    """Give day and time in UTC of an ISO 8601 text, `22 Nov 12:04:58`, for what may be days ago."""
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{at.day} {at:%b %H:%M:%S}"


def epoch_ms(iso: str | None) -> int | None:
    """Give an ISO 8601 text as milliseconds since 1970, for the page's own clock; None where it is none."""
    try:
        return int(datetime.fromisoformat(iso or "").timestamp() * 1000)
    except ValueError:
        return None

"""Whether `.env` holds only what somebody reads: a misspelt name would leave a default in force unseen."""

import re
from collections.abc import Collection
from difflib import get_close_matches
from fnmatch import fnmatchcase

from django.core.exceptions import ImproperlyConfigured

from venues.serving import environment

EXAMPLE = environment.BASE_DIR / ".env.example"  # the list of known names
LISTED = re.compile(r"^#([A-Z][A-Z0-9_]*)=", re.M)
ANY_TRADER = "*_TRADER_TOKEN"  # of a trader that somebody adds in the admin
OTHERS = "COMPOSE_*"


def check() -> None:
    """Raise ImproperlyConfigured where `.env` has a line that nobody would read."""
    found = faults()
    if found:
        raise ImproperlyConfigured("\n".join(found))


def faults() -> list[str]:
    """Give a sentence for every line of `.env` that nobody would read; none names a value.

    OTHER_NAMES lists what belongs to other programs that share the file.
    """
    path = environment.dotenv_path()
    if not path.is_file():
        return []
    if not EXAMPLE.is_file():
        return [f"{EXAMPLE} is missing: it lists the names that {path} may hold."]
    known = LISTED.findall(EXAMPLE.read_text())
    others = environment.words("OTHER_NAMES", OTHERS)
    return [
        f"{path}, line {number}: {said}"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (said := fault(line, known, others))
    ]


def fault(line: str, known: Collection[str], others: Collection[str] = ()) -> str | None:
    """Give what is wrong with one line, None where nothing is."""
    if not line.strip() or line.lstrip().startswith("#"):
        return None
    found = environment.ASSIGNMENT.match(line)
    if found is None:
        return "neither NAME=value nor a comment; no blank may stand before a name."
    name = found[1]
    base = name.removesuffix("_FILE")
    if base in known or any(fnmatchcase(name, other) for other in others) or fnmatchcase(base, ANY_TRADER):
        return None
    near = get_close_matches(name.upper(), known, 1)
    meant = f" Did you mean {near[0]}?" if near else " .env.example lists the names."
    return f"there is no setting {name}.{meant} A name of another program goes into OTHER_NAMES."

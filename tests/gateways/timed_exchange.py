"""The paper exchange on a clock that a test moves: `python -m tests.gateways.timed_exchange FILE`.

The clock is this machine's, set back by as many milliseconds as the file says. It never passes
wall time: the SDK's signer stamps when a transaction expires by wall time, 10 minutes on.
"""

import os
import sys
import time
from pathlib import Path

DAY_MS = 86_400_000


class Behind:
    """Wall time in milliseconds less what a file says; both processes read the same file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 - int(self.file.read_text())

    def set(self, days: float) -> None:
        """Let it be so many days before now."""
        fresh = self.file.with_suffix(".next")
        fresh.write_text(str(int(days * DAY_MS)))
        fresh.replace(self.file)


def main(now_ms: Behind) -> int:
    """Serve as `manage.py runexchange` does."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "venues.paper.settings"
    from venues.serving.server import serve  # isort: skip  # the process's first Twisted import

    import django
    from django.core.management import call_command

    django.setup()
    from venues.paper import settings
    from venues.paper.birth import open_exchange
    from venues.paper.server import Running, open_to
    from venues.paper.store import Store

    call_command("migrate", verbosity=0)
    store = Store(settings.DATABASES["default"]["NAME"])
    running = Running(*open_exchange(settings, store, now_ms), store)
    open_to(running)
    from venues.paper.asgi import application

    return serve(application, settings.BIND, settings.EXCHANGE_PORT, running.run, running.stop)


if __name__ == "__main__":
    sys.exit(main(Behind(Path(sys.argv[1]))))

"""`make bench`: prints where the time goes; no figure fails it."""

import os
import tempfile
from pathlib import Path

import django


def main() -> None:
    """Run every benchmark in a folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"VAR_DIR": name, "ENV_FILE": f"{name}/no.env", "TRADER_VENUE": "hyperliquid"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "venues.trader.settings"
        django.setup()
        from bench import change, kill, rows

        print(
            "Medians of both sides, interleaved in one run: on a shared machine times drift, ratios do not."
        )
        kill.run()
        for number, part in enumerate((change, rows)):
            (folder / str(number)).mkdir()
            part.run(folder / str(number))


if __name__ == "__main__":
    main()

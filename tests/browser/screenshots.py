"""Takes the pictures in docs/: `python -m tests.browser.screenshots [directory]`."""

import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, Keys

from tests.browser.conftest import Console
from tests.browser.scene import desk
from tests.browser.site import BASE, Site, free_port, missing, open_browser, running_site, wait_for
from tests.processes.product import VENUES

DOCS = BASE / "docs"
# file, theme, width, height
PICTURES = (
    ("risk-light.png", "light", 1440, 860),
    ("risk-dark.png", "dark", 1440, 860),
    ("risk-390.png", "light", 390, 844),
    ("risk-wide.png", "light", 2560, 860),
    ("risk-1024.png", "light", 1024, 860),
)
KEPT = {"risk-light.png", "risk-dark.png", "risk-390.png"}


def main() -> int:
    if missing():
        print(f"{missing()} is needed to take pictures and is not installed.", file=sys.stderr)
        return 1
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    target = given or DOCS
    target.mkdir(exist_ok=True)
    browser = open_browser()
    try:
        with tempfile.TemporaryDirectory() as directory:
            desks = {source: desk(source) for source in VENUES}
            with running_site(Path(directory), **desks) as site:
                take_console(browser, site, target, everything=given is not None)
            with running_trader(Path(directory)) as url:
                take_trader(browser, url, target, "trader", everything=given is not None)
            if given:
                with running_trader(Path(directory), "lighter") as url:
                    take_trader(browser, url, target, "trader-lighter", everything=True)
    finally:
        browser.quit()
    return 0


def take_console(browser: Chrome, site: Site, target: Path, everything: bool) -> None:
    """Edit some rows, then take the table in every theme and width."""
    console = Console(browser, site, "hyperliquid").sign_in()
    lighter = Console(browser, site, "lighter")
    console.type_into("HYPE", "max_strategy_loss", "45").send_keys(Keys.ENTER)
    wait_for(lambda: console.text(f"{console.row('HYPE')} [data-cell=sync]") == "Applied")
    lighter.type_into("XRP", "risk_per_trade", "6").send_keys(Keys.ENTER)
    lighter.press("#question [data-action=confirm]")
    wait_for(lambda: "Rejected" in lighter.cell("XRP", "sync"))
    console.type_into("LINK", "stop_loss_dollars", "-5").send_keys(Keys.ENTER)
    wait_for(lambda: console.text(f'{console.row("LINK")} [data-error="stop_loss_dollars"]'))
    lighter.type_into("1000PEPE", "max_strategy_loss", "75")
    console.type_into("SOL", "stop_loss_dollars", "4.50")
    console.press("[data-action=dismiss]") if console.one("#toast").is_displayed() else None
    for name, theme, width, height in PICTURES:
        if everything or name in KEPT:
            shoot(browser, target / name, theme, width, height)
    if everything:
        console.press(f"{lighter.row('SUI')} .name a")
        console.one("#drawer [data-action=kill]")
        shoot(browser, target / "risk-drawer.png", "light", 1440, 860)
        shoot(browser, target / "risk-drawer-wide.png", "dark", 2560, 860)
        console.press(f"{lighter.row('SUI')} [data-action=reset]")
        console.one("#question[open]")
        shoot(browser, target / "risk-reset.png", "light", 1440, 860)
        site.freeze()
        wait_for(lambda: console.one("#lost").is_displayed())
        shoot(browser, target / "risk-lost.png", "light", 1440, 860)
        site.thaw()
    console.run("document.querySelectorAll('tbody.dirty').forEach((body) => body.classList.remove('dirty'))")
    browser.get("about:blank")


def take_trader(browser: Chrome, url: str, target: Path, name: str, everything: bool) -> None:
    """Take a trader's own page."""
    browser.get(url)
    wait_for(lambda: browser.find_elements("css selector", "#side li"))
    shoot(browser, target / f"{name}.png", "dark", 1440, 860)
    if everything:
        shoot(browser, target / f"{name}-390.png", "light", 390, 1600)


def shoot(browser: Chrome, file: Path, theme: str, width: int, height: int) -> None:
    """Save what is to be seen at this size in this theme."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_script(
        "document.documentElement.dataset.theme = arguments[0]; scrollTo(0, 0);"
        "return new Promise((done) => setTimeout(done, 300))",
        theme,
    )
    browser.save_screenshot(str(file))
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@contextmanager
def running_trader(directory: Path, venue: str = "hyperliquid") -> Iterator[str]:
    """Serve the page of a venue's trader over the scene's strategies; gives its address."""
    with trader_process(directory, venue, port := free_port()):
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def trader_process(directory: Path, venue: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the scene's trader of a venue at a port until the block ends, whatever state it is in by then."""
    environ = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "venues.trader.settings", "TRADER_VENUE": venue,
        f"{venue.upper()}_PORT": str(port), "VAR_DIR": str(directory), "ENV_FILE": str(directory / "none"),
    }  # fmt: skip
    words = [sys.executable, "-m", "tests.browser.show_trader"]
    process = subprocess.Popen(words, cwd=BASE, env=environ, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: _answers(f"http://127.0.0.1:{port}/healthz"), 20)
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())

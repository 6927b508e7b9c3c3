"""Limits edited in place while everything moves (issue 2, "Holds when done", 8)."""

from decimal import Decimal

from selenium.webdriver import Keys

from tests.browser.conftest import Console
from tests.browser.site import wait_for
from venues.contract.names import StrategyKey


def key(symbol: str) -> StrategyKey:
    return StrategyKey(f"strategy-{symbol.lower()}", symbol)


def test_enter_saves_a_tighter_max_dd_and_the_row_says_applied(console: Console) -> None:
    console.type_into("BTC", "max_strategy_loss", "45").send_keys(Keys.ENTER)
    wait_for(lambda: console.revision("BTC") == 1)
    assert console.text(f"{console.row('BTC')} [data-cell=sync]") == "Applied"
    assert console.value("BTC", "max_strategy_loss") == "45.00"
    assert console.trader.states[key("BTC")].limits.max_strategy_loss == 45
    assert console.run("return document.activeElement.name") == "max_strategy_loss"


def test_what_is_typed_survives_pushes(console: Console) -> None:
    field = console.type_into("ETH", "stop_loss_dollars", "3")
    for step in range(1, 9):
        field.send_keys(str(step))
        console.trader.report(key("ETH"), total_pnl=Decimal(-step))
        console.wait_cell("ETH", "total_pnl", f"−{step}.00")
    assert field.get_attribute("value") == "312345678"
    assert console.run("return document.activeElement.id") == field.get_attribute("id")
    assert console.text("#unsaved") == "1 unsaved row"
    field.send_keys(Keys.ESCAPE)
    assert field.get_attribute("value") == "5.00"
    assert console.text("#unsaved") == ""


def test_what_is_typed_between_save_and_its_answer_survives(console: Console) -> None:
    console.type_into("TIA", "stop_loss_dollars", "4")
    script = """
      const form = document.querySelector(arguments[0] + ' form');
      form.requestSubmit();
      const other = document.querySelector(arguments[0] + ' input[name=max_strategy_loss]');
      other.value = '41'; other.dispatchEvent(new Event('input', {bubbles: true}));
    """
    console.run(script, console.row("TIA"))
    wait_for(lambda: console.revision("TIA") == 1)
    wait_for(lambda: console.text("#unsaved") == "1 unsaved row")
    assert console.value("TIA", "max_strategy_loss") == "41"


def test_two_windows_on_one_row_get_the_conflict(console: Console) -> None:
    browser = console.browser
    first = browser.current_window_handle
    console.type_into("SOL", "max_strategy_loss", "40")
    other = console.another()
    other.type_into("SOL", "max_strategy_loss", "44").send_keys(Keys.ENTER)
    wait_for(lambda: other.revision("SOL") == 1)
    browser.switch_to.window(first)
    wait_for(lambda: "Max DD ($) is 44 there" in console.text(f"{console.row('SOL')} .other"))
    assert console.revision("SOL") == 0
    console.field("SOL", "max_strategy_loss").send_keys(Keys.ENTER)
    said = wait_for(lambda: console.text(f"{console.row('SOL')} .conflict"))
    assert "theirs 44.00" in said
    assert "mine 40.00" in said
    assert console.trader.states[key("SOL")].limits.max_strategy_loss == 44
    console.press(f"{console.row('SOL')} [data-action=mine]")
    wait_for(lambda: console.trader.states[key("SOL")].limits.max_strategy_loss == 40)
    wait_for(lambda: console.text(f"{console.row('SOL')} [data-cell=sync]") == "Applied")


def test_a_rejected_row_goes_back_by_keyboard_to_what_is_enforced(console: Console) -> None:
    button = f"{console.row('LINK')} [data-action=back]"
    console.type_into("LINK", "risk_per_trade", "6").send_keys(Keys.ENTER)
    console.press("#question [data-action=confirm]")
    wait_for(lambda: console.cell("LINK", "sync") == "Rejected")
    assert "must be at most 5 at this trader" in console.cell("LINK", "notes")
    assert console.value("LINK", "risk_per_trade") == "6.00"
    console.type_into("LINK", "stop_loss_dollars", "4")
    wait_for(lambda: console.all(button))
    console.run("document.querySelector(arguments[0]).focus()", f"{console.row('LINK')} .save button")
    for _ in range(8):
        console.browser.switch_to.active_element.send_keys(Keys.TAB)
        if console.run("return document.activeElement.dataset.action") == "back":
            break
    assert console.run("return document.activeElement.textContent") == "Go back to 1.00"
    console.browser.switch_to.active_element.send_keys(Keys.ENTER)
    wait_for(lambda: console.cell("LINK", "sync") == "Applied")
    assert console.value("LINK", "risk_per_trade") == "1.00"
    assert console.value("LINK", "stop_loss_dollars") == "4.00"
    assert console.text("#unsaved") == "1 unsaved row"
    assert console.run("return document.activeElement.closest('tbody') !== null")
    assert not console.all(button)
    assert console.trader.states[key("LINK")].limits.risk_per_trade == 1
    console.field("LINK", "stop_loss_dollars").send_keys(Keys.ESCAPE)


def test_take_theirs_gives_the_stored_row(console: Console) -> None:
    browser = console.browser
    first = browser.current_window_handle
    console.type_into("ARB", "stop_loss_dollars", "2")
    console.another().type_into("ARB", "stop_loss_dollars", "3").send_keys(Keys.ENTER)
    wait_for(lambda: console.trader.states[key("ARB")].limits.stop_loss_dollars == 3)
    browser.switch_to.window(first)
    console.field("ARB", "stop_loss_dollars").send_keys(Keys.ENTER)
    console.press(f"{console.row('ARB')} .conflict [data-action=theirs]")
    wait_for(lambda: console.value("ARB", "stop_loss_dollars") == "3.00")
    assert console.revision("ARB") == 1
    assert not console.all(f"{console.row('ARB')} .conflict")


def test_a_bad_number_is_marked_where_it_stands_and_keeps_the_focus(console: Console) -> None:
    console.type_into("HYPE", "stop_loss_dollars", "-5").send_keys(Keys.ENTER)
    wait_for(lambda: "above 0" in console.text(f'{console.row("HYPE")} [data-error="stop_loss_dollars"]'))
    field = console.field("HYPE", "stop_loss_dollars")
    assert field.get_attribute("value") == "-5"
    assert field.get_attribute("aria-invalid") == "true"
    assert console.run("return document.activeElement.name") == "stop_loss_dollars"
    field.send_keys(Keys.ESCAPE)
    assert not console.text(f'{console.row("HYPE")} [data-error="stop_loss_dollars"]')
    console.type_into("HYPE", "risk_per_trade", "0,5").send_keys(Keys.ENTER)
    wait_for(lambda: console.trader.states[key("HYPE")].limits.risk_per_trade == Decimal("0.5"))


def test_loosening_asks_first_and_says_what_it_allows(console: Console) -> None:
    field = console.type_into("XRP", "max_strategy_loss", "1 000")
    assert console.text(f"{console.row('XRP')} [data-action=save]") == "Save…"
    field.send_keys(Keys.ENTER)
    said = wait_for(lambda: console.text("#question"))
    assert "It may lose 987.66 from here before the kill switch trips, not 37.66." in said
    console.press("#question [data-action=cancel]")
    wait_for(lambda: not console.all("#question"))
    assert console.value("XRP", "max_strategy_loss") == "1 000"
    assert console.trader.states[key("XRP")].limits.max_strategy_loss == 50
    console.field("XRP", "max_strategy_loss").send_keys(Keys.ENTER)
    console.press("#question [data-action=confirm]")
    wait_for(lambda: console.trader.states[key("XRP")].limits.max_strategy_loss == 1000)
    wait_for(lambda: not console.all("#question"))
    assert console.run("return document.activeElement.name") == "max_strategy_loss"


def test_what_would_kill_is_judged_by_what_the_trader_kills_on(console: Console) -> None:
    console.trader.report(key("HYPE"), kill_on="drawdown", drawdown=Decimal(33))
    wait_for(lambda: "66" in console.cell("HYPE", "meter"))
    console.type_into("HYPE", "max_strategy_loss", "32")
    assert "Would kill now: the drawdown is already above it." in console.text(f"{console.row('HYPE')} .edit")
    console.type_into("HYPE", "max_strategy_loss", "34")
    assert "Would kill now" not in console.text(f"{console.row('HYPE')} .edit")


def test_a_limit_below_the_present_loss_asks_before_it_kills(console: Console) -> None:
    console.type_into("LINK", "max_strategy_loss", "12").send_keys(Keys.ENTER)
    assert "kills now: the loss is already 12.34" in wait_for(lambda: console.text("#question"))
    console.press("#question [data-action=cancel]")
    assert console.trader.states[key("LINK")].limits.max_strategy_loss == 50

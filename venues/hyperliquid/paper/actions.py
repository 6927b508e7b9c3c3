"""POST /exchange: who signed, is the nonce fresh, what is done (venue-hyperliquid.md, sections 4 and 5)."""

from collections.abc import Callable, Mapping
from typing import Any

from venues.hyperliquid.paper import bodies
from venues.hyperliquid.paper.bodies import VENUE, BadShape
from venues.hyperliquid.paper.margining import set_isolated_margin, set_leverage
from venues.hyperliquid.paper.ordering import cancel_by_cloid, cancel_orders, modify_orders, place_orders
from venues.hyperliquid.paper.refusals import Refusal
from venues.hyperliquid.paper.signing import APPROVE_AGENT, BadSignature, l1_signers, user_signer
from venues.paper.accounts import Account, Key
from venues.paper.exchange import Exchange

Action = Mapping[str, Any]
Json = dict[str, Any]
DONE: Json = {"type": "default"}

NONCES_KEPT = 100
DAY_MS = 86_400_000
SOONEST_CANCEL_MS = 5_000
CANCEL_VOLUME = 1_000_000_000_000
AGENT_DAYS = 90


def perform(x: Exchange, body: Mapping[str, Any]) -> Json:
    """Do what a signed body asks for and give the answer; raises BadShape for a malformed one.

    Everything is on disk when this returns.
    """
    action = bodies.mapping(body.get("action"))
    signature = bodies.mapping(body.get("signature"))
    nonce = bodies.whole(body.get("nonce"))
    try:
        account, signer = _authenticate(x, action, signature, nonce, body)
        _use_nonce(x, account, signer, nonce)
        x.touch(account)
        account.requests += 1
        response = _run(x, account, signer, action, bodies.optional_whole(body.get("expiresAfter")))
    except Refusal as refusal:
        x.commit()
        return {"status": "err", "response": str(refusal)}
    except BadShape:
        x.commit()
        raise
    x.commit()
    return {"status": "ok", "response": response}


def _authenticate(
    x: Exchange, action: Action, signature: Mapping[str, Any], nonce: int, body: Mapping[str, Any]
) -> tuple[Account, str]:
    """Give the account that a signature may act for, and the signer; raises Refusal."""
    kind, vault = bodies.word(action.get("type")), body.get("vaultAddress")
    vault = None if vault is None else bodies.address(vault)
    expires = bodies.optional_whole(body.get("expiresAfter"))
    try:
        if kind in USER_SIGNED:
            if action.get("nonce") != nonce:
                raise BadShape
            signers = [user_signer(action, signature, *USER_SIGNED[kind])]
        else:
            signers = l1_signers(action, signature, nonce, vault, expires)
    except BadSignature:
        raise BadShape from None
    for signer in signers:
        account = account_of(x, signer, agents=kind != "approveAgent")
        if account is not None:
            if vault is not None and vault != account.name:
                raise Refusal(f"Vault not registered: {vault}")
            return account, signer
    raise Refusal(f"User or API Wallet {signers[0]} does not exist.")


def account_of(x: Exchange, address: str, agents: bool = True) -> Account | None:
    """Give the account of a master address or, with `agents`, of an agent that is still valid."""
    found = x.accounts.get((VENUE, address))
    if found is not None or not agents:
        return found
    for account in x.accounts.values():
        key = account.keys.get(address) if account.venue == VENUE else None
        if key is not None and (key.valid_until is None or key.valid_until > x.now_ms()):
            return account
    return None


def _use_nonce(x: Exchange, account: Account, signer: str, nonce: int) -> None:
    """Take a nonce: unused, above the smallest of the last hundred, within two days back and one ahead."""
    now = x.now_ms()
    if not now - 2 * DAY_MS < nonce < now + DAY_MS:
        raise Refusal(f"Invalid nonce: nonce {nonce} is outside of the allowed time window")
    kept = account.keys.setdefault(signer, Key()).nonces
    if nonce in kept:
        raise Refusal(f"Invalid nonce: duplicate nonce {nonce}")
    if len(kept) >= NONCES_KEPT and nonce < kept[0]:
        raise Refusal(f"Invalid nonce: nonce {nonce} is too low")
    kept.append(nonce)
    kept.sort()
    del kept[:-NONCES_KEPT]


def _run(x: Exchange, account: Account, signer: str, action: Action, expires: int | None) -> Json:
    if expires is not None and x.now_ms() > expires:
        raise Refusal(f"Action expired: expiresAfter {expires} has passed")
    kind = bodies.word(action.get("type"))
    if kind not in ACTIONS:
        raise BadShape
    return ACTIONS[kind](x, account, action)


def _approve_agent(x: Exchange, account: Account, action: Action) -> Json:
    """Add an agent; one of the same name is replaced."""
    agent = bodies.address(action.get("agentAddress"))
    name, _, until = bodies.word(action.get("agentName") or "").partition(" valid_until ")
    if len(name) > 16:
        raise Refusal("Agent name is too long.")
    known = account_of(x, agent)
    if known is not None and known is not account:
        raise Refusal("Extra agent already used.")
    replaced = [one for one, key in account.keys.items() if one != account.name and key.name == name]
    for one in replaced:
        del account.keys[one]
    lasts = int(until) if until.isdigit() else x.now_ms() + AGENT_DAYS * DAY_MS
    account.keys[agent] = Key(name=name, valid_until=min(lasts, x.now_ms() + 180 * DAY_MS))
    return DONE


def _schedule_cancel(x: Exchange, account: Account, action: Action) -> Json:
    """Set or clear the time at which all orders go; refused below a million dollars of volume."""
    time = bodies.optional_whole(action.get("time"))
    if account.volume < CANCEL_VOLUME and "minimum_volume" not in x.without:
        traded = f"{account.volume / 1e6:.2f}"
        raise Refusal(
            "Cannot set scheduled cancel time until enough volume traded. "
            f"Required: $1000000. Traded: ${traded}."
        )
    if time is not None and time < x.now_ms() + SOONEST_CANCEL_MS:
        raise Refusal("Scheduled cancel time too early, must be at least 5 seconds from now.")
    account.cancel_at = time
    return DONE


def _nothing(x: Exchange, account: Account, action: Action) -> Json:
    return DONE


APPROVE_BUILDER_FEE = (
    ("hyperliquidChain", "string"),
    ("maxFeeRate", "string"),
    ("builder", "address"),
    ("nonce", "uint64"),
)
USER_SIGNED = {
    "approveAgent": ("ApproveAgent", APPROVE_AGENT),
    "approveBuilderFee": ("ApproveBuilderFee", APPROVE_BUILDER_FEE),
}
ACTIONS: dict[str, Callable[[Exchange, Account, Action], Json]] = {
    "order": place_orders,
    "cancel": cancel_orders,
    "cancelByCloid": cancel_by_cloid,
    "modify": modify_orders,
    "batchModify": modify_orders,
    "updateLeverage": set_leverage,
    "updateIsolatedMargin": set_isolated_margin,
    "scheduleCancel": _schedule_cancel,
    "approveAgent": _approve_agent,
    "approveBuilderFee": _nothing,
    "setReferrer": _nothing,
    "noop": _nothing,
}

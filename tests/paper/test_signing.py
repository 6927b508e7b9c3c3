"""The signer is recovered from the protocol alone, and agrees with the SDK that signed."""

from typing import Any

import pytest
from eth_account import Account
from hyperliquid.utils.signing import sign_agent, sign_l1_action

from venues.hyperliquid.paper.signing import APPROVE_AGENT, BadSignature, action_hash, l1_signers, user_signer

WALLET: Any = Account.from_key("0x" + "01" * 32)
ORDER = {
    "type": "order",
    "orders": [{"a": 4, "b": True, "p": "1670.1", "s": "0.0147", "r": False, "t": {"limit": {"tif": "Ioc"}}}],
    "grouping": "na",
}
VAULT = "0x1563915e194D8CfBA1943570603F7606A3115508"


def test_a_known_action_has_its_known_hash() -> None:
    known = "0fcbeda5ae3c4950a548021552a4fea2226858c4453571bf3f24ba017eac2908"
    assert action_hash(ORDER, None, 1677777606040, None).hex() == known


@pytest.mark.parametrize("mainnet", [False, True])
@pytest.mark.parametrize("vault", [None, VAULT])
@pytest.mark.parametrize("expires", [None, 1_700_000_000_000])
def test_what_the_sdk_signs_is_recovered(mainnet: bool, vault: str | None, expires: int | None) -> None:
    signature = sign_l1_action(WALLET, ORDER, vault, 5, expires, mainnet)
    signers = l1_signers(ORDER, signature, 5, vault and vault.lower(), expires)
    assert signers[1 if mainnet else 0] == WALLET.address.lower()
    assert signers[0 if mainnet else 1] != WALLET.address.lower()


def test_another_nonce_or_another_order_of_keys_is_another_signer() -> None:
    signature = sign_l1_action(WALLET, ORDER, None, 5, None, False)
    turned = dict(reversed(ORDER.items()))
    for action, nonce in ((ORDER, 6), (turned, 5)):
        assert l1_signers(action, signature, nonce, None, None)[0] != WALLET.address.lower()


def test_an_agent_is_approved_by_the_masters_own_signature() -> None:
    action: dict[str, Any] = {
        "type": "approveAgent",
        "agentAddress": "0x" + "5" * 40,
        "agentName": "bot",
        "nonce": 5,
    }
    signature = sign_agent(WALLET, action, False)
    assert user_signer(action, signature, "ApproveAgent", APPROVE_AGENT) == WALLET.address.lower()
    changed = {**action, "agentAddress": "0x" + "6" * 40}
    assert user_signer(changed, signature, "ApproveAgent", APPROVE_AGENT) != WALLET.address.lower()


def test_numbers_may_come_without_their_leading_zeros() -> None:
    for nonce in range(600):
        signature = sign_l1_action(WALLET, ORDER, None, nonce, None, False)
        if len(signature["r"]) < 66:
            break
    else:
        pytest.fail("no signature with a short r in 600")
    assert l1_signers(ORDER, signature, nonce, None, None)[0] == WALLET.address.lower()


@pytest.mark.parametrize(
    "signature", [{}, {"r": "0x1", "s": "0x1", "v": 99}, {"r": "0x0", "s": "0x0", "v": 27}, {"r": None}]
)
def test_what_no_key_can_have_signed_is_said(signature: dict[str, Any]) -> None:
    with pytest.raises(BadSignature):
        l1_signers(ORDER, signature, 5, None, None)

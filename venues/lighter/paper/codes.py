"""Lighter's error codes and their sentences (venue-lighter.md, section 9), and its refusal."""

from typing import Any

SENTENCES = {
    20001: "invalid param",
    20013: "invalid auth",
    21100: "account not found",
    21104: "invalid nonce",
    21105: "nonces of a batch must increase by one",
    21109: "api key not found",
    21113: "invalid initial margin fraction",
    21120: "invalid signature",
    21121: "all transactions of a batch must be of one account and api key",
    21132: "cannot change margin mode with an open position or order",
    21301: "not enough collateral",
    21500: "transaction not found",
    21501: "invalid tx info",
    21505: "unsupported tx type",
    21506: "too many pending txs",
    21508: "account would be below its initial margin",
    21514: "a batch holds at most 50 transactions",
    21600: "given order is not an active limit order",
    21602: "invalid market index",
    21613: "invalid margin mode",
    21614: "no position found",
    21700: "invalid order index",
    21701: "invalid base amount",
    21702: "invalid price",
    21706: "invalid base or quote amount",
    21711: "invalid order expiry",
    21714: "invalid cancel all time",
    21715: "order is not active",
    21717: "too many active orders of the account",
    21718: "too many active orders of the account in the market",
    21719: "too many pending orders of the account",
    21720: "too many pending orders of the account in the market",
    21727: "invalid client order index",
    21728: "client order index already exists",
    21729: "invalid trigger price",
    21732: "reduce only order would increase the position",
    21733: "order price flagged as an accidental price",
    21734: "limit order price is too far from the mark price",
    21735: "SL/TP order price is too far from the trigger price",
    21739: "not enough margin to create the order",
    21741: "invalid grouping type",
    21742: "invalid orders of the group",
    23000: "Too Many Requests!",
    29404: "not found",
    30000: "invalid message",
    30001: "invalid channel",
    30003: "Already Subscribed to : {}",
    30004: "Not Subscribed to : {}",
    30009: "Too Many Websocket Messages!",
}
TOO_MANY = 23000


class Refusal(Exception):
    """A request that the venue's API does not take; `code` is the venue's, the text its sentence."""

    def __init__(self, code: int, detail: str = "") -> None:
        sentence = SENTENCES[code]
        if "{}" in sentence:
            sentence = sentence.format(detail)
        elif detail:
            sentence = f"{sentence}: {detail}"
        super().__init__(sentence)
        self.code = code

    @property
    def status(self) -> int:
        """Give the HTTP status that it comes with."""
        return 429 if self.code == TOO_MANY else 400

    def body(self) -> dict[str, Any]:
        """Give its JSON."""
        return {"code": self.code, "message": str(self)}

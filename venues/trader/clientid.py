"""Client ids: every order says whose it is (risk.md, "Words"): prefix, strategy, epoch, kind, number."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["entry", "stop", "close", "kill"]
KINDS: tuple[Kind, ...] = ("entry", "stop", "close", "kill")

# Bits of (prefix, strategy, epoch, kind, number), most significant first.
LAYOUTS = {128: (32, 24, 24, 8, 40), 48: (6, 10, 8, 2, 22)}
PREFIXES = {128: 0x506F4721, 48: 0x2A}


@dataclass(frozen=True)
class ClientId:
    """What an order's id says; `kill` is a close on behalf of the kill switch."""

    strategy: int
    epoch: int
    kind: Kind
    number: int

    def pack(self, bits: int) -> int:
        """Give the id in the venue's width; strategy must fit, epoch and number wrap around."""
        _, strategy_bits, epoch_bits, kind_bits, number_bits = LAYOUTS[bits]
        if not 0 < self.strategy < 1 << strategy_bits:
            raise ValueError(f"strategy {self.strategy} does not fit into {strategy_bits} bits")
        packed = PREFIXES[bits]
        packed = packed << strategy_bits | self.strategy
        packed = packed << epoch_bits | self.epoch % (1 << epoch_bits)
        packed = packed << kind_bits | KINDS.index(self.kind)
        return packed << number_bits | self.number % (1 << number_bits)


def is_ours(client_id: int | None, bits: int) -> bool:
    """Tell whether an id carries our prefix."""
    return client_id is not None and client_id >> (bits - LAYOUTS[bits][0]) == PREFIXES[bits]


def unpack(client_id: int | None, bits: int) -> ClientId | None:
    """Give what an id says; None for one that is not ours. The epoch is modulo its width."""
    if client_id is None or not is_ours(client_id, bits):
        return None
    _, strategy_bits, epoch_bits, kind_bits, number_bits = LAYOUTS[bits]
    number = client_id & (1 << number_bits) - 1
    kind = client_id >> number_bits & (1 << kind_bits) - 1
    epoch = client_id >> (number_bits + kind_bits) & (1 << epoch_bits) - 1
    strategy = client_id >> (number_bits + kind_bits + epoch_bits) & (1 << strategy_bits) - 1
    if kind >= len(KINDS):
        return None
    return ClientId(strategy, epoch, KINDS[kind], number)


def full_epoch(short: int, current: int, bits: int) -> int:
    """Give the newest epoch not after `current` that shortens to `short`."""
    width = 1 << LAYOUTS[bits][2]
    return current - (current - short) % width

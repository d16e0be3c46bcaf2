"""Answers that fail by chance, so many in a hundred: what a stub does without orders."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

Order = Mapping[str, Any]

ORDERS: Mapping[str, Order] = {
    "500": {"status": 500},
    "503": {"status": 503},
    "429": {"status": 429, "headers": {"retry-after": "1"}},
    "lost": {"lost": True},
}


@dataclass
class Trouble:
    """``rates`` are shares of all calls, by a key of ORDERS."""

    rates: Mapping[str, float] = field(default_factory=dict)
    seed: int = 1
    orders: Mapping[str, Order] = field(default_factory=lambda: ORDERS)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    def __call__(self) -> Order:
        draw = self._random.random()
        for word, rate in self.rates.items():
            if draw < rate:
                return self.orders[word]
            draw -= rate
        return {}


def rates(text: str) -> dict[str, float]:
    """From "503=0.02,429=0.01,lost=0.005", as a command line has it."""
    pairs = (part.split("=") for part in text.split(",") if part)
    try:
        found = {word: float(share) for word, share in pairs}
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not WORD=SHARE,…") from None
    if unknown := found.keys() - ORDERS:
        raise argparse.ArgumentTypeError(f"{min(unknown)!r} is none of {', '.join(ORDERS)}")
    return found

"""Which addresses a request may go to: the public internet and what the operator allows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """`allowed_networks` are the operator's exceptions, such as "10.1.0.0/16" or "127.0.0.1"."""

    allowed_networks: tuple[str, ...] = ()
    allow_http: bool = False

"""What the operator decides for all brands: where the vendors are, and what may be called."""

from dataclasses import dataclass

from common.calls import Timeouts
from common.guard import AddressGuard


@dataclass(frozen=True, slots=True)
class Site:
    """`ca_file` is the path of authorities (PEM) that replace the system's; `allowed_networks`
    and `allow_http` open addresses that brands choose; `web_push_hosts` are all that browsers may
    choose. The URLs are the vendors' own unless a test or the push lab stands in for them."""

    ca_file: str = ""
    allowed_networks: tuple[str, ...] = ()
    allow_http: bool = False
    timeouts: Timeouts = Timeouts()
    fcm_url: str = "https://fcm.googleapis.com"
    fcm_token_url: str = "https://oauth2.googleapis.com/token"
    apns_url: str = "https://api.push.apple.com"
    apns_sandbox_url: str = "https://api.sandbox.push.apple.com"
    web_push_hosts: tuple[str, ...] = ()

    @property
    def guard(self) -> AddressGuard:
        """For addresses that a brand chose."""
        return AddressGuard(self.allowed_networks, self.allow_http)

    @property
    def web_push_guard(self) -> AddressGuard:
        """For addresses that a browser chose, or whoever speaks in its name: never plain http."""
        return AddressGuard(self.allowed_networks, hosts=self.web_push_hosts)

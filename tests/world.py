"""A brand as its people know it: everything that the console has a page for, made once a test."""

from dataclasses import dataclass

from accounts.models import Account, Role, User
from tests.factories.accounts import ApiClientFactory, UserFactory, member
from tests.factories.lab import LabBrand, lab_brand

ROLES = (Role.ADMINISTRATOR, Role.CAMPAIGN_MANAGER, Role.AGENT_MANAGER, Role.AGENT)


@dataclass(frozen=True)
class World:
    brand: LabBrand
    people: dict[str, User]

    @property
    def account(self) -> Account:
        return self.brand.account

    @property
    def administrator(self) -> User:
        return self.people[Role.ADMINISTRATOR]

    @property
    def campaign_manager(self) -> User:
        return self.people[Role.CAMPAIGN_MANAGER]


def make_world(*, name: str = "Larkfield Bank", mail: str = "larkfield.example") -> World:
    """A brand with its people, two consumers and a system that calls."""
    brand = lab_brand(name=name, time_zone="Europe/Stockholm")
    people = {
        role: member(role, brand.account, email=f"{role}@{mail}", name=person)
        for role, person in zip(
            ROLES, ("Astrid Lind", "Carl Berg", "Agnes Holm", "Amir Nouri"), strict=True
        )
    }
    people["stranger"] = UserFactory(email=f"stranger@not.{mail}")
    ApiClientFactory(account=brand.account, name="cards-core")
    brand.phone("ingrid", name="Ingrid", label="Ingrid’s iPhone", os_version="19.1")
    brand.phone("kola", name="Kola", platform="android", label="Kola’s Pixel", os_version="16")
    return World(brand, people)

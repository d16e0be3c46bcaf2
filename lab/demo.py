"""Loads the demo brand."""

from datetime import datetime

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import Account, App, Platform, Region, Skill, User
from accounts.services import create_account, create_api_client, grant_role
from consumers.identity import save_identity_provider
from consumers.models import IdentityProvider
from consumers.services import Registration, register_device
from handoffs.services import create_handoff
from lab import brand, stubs
from lab.brand import Person, Phone, Secrets
from lab.ways import BY, use_lab, use_stubs
from push.credentials import save_credential
from push.models import ProviderKind
from push.vapid_keys import make_vapid_keys


def load_demo(*, secrets: Secrets, now: datetime) -> bool:
    """Make the demo brand where there is none, and choose the way to its phones; says whether it
    made one.

    A brand that is there stays as people left it, what they changed or deleted included.

    :raises lab.stubs.StubAway: a browser cannot subscribe.
    """
    found = Account.objects.filter(number=brand.NUMBER).first()
    account = found or _make_brand(secrets, now)
    if stubs.are_there():
        _reach_huawei(account, now)
        use_stubs(account, now=now)
    else:
        use_lab(account)
    return found is None


@transaction.atomic
def _make_brand(secrets: Secrets, now: datetime) -> Account:
    account, _ = create_account(
        name=brand.NAME,
        number=brand.NUMBER,
        region=Region.EMEA,
        time_zone=brand.TIME_ZONE,
        default_skill_name=brand.SUPPORT,
        admin_email=next(person.email for person in brand.PEOPLE if person.role),
        by=BY,
    )
    account.welcome_message = brand.WELCOME
    account.save(update_fields=["welcome_message"])
    _make_people(account, secrets.password)
    _make_apps(account)
    _make_handoffs(account, now)
    create_api_client(
        account=account,
        name="Larkfield CRM",
        scopes=brand.SCOPES,
        client_id=brand.CLIENT_ID,
        secret=secrets.client_secret,
        by=BY,
    )
    _make_identity_provider(account, secrets.idp_private_key)
    _make_phones(account, now)
    return account


def _make_people(account: Account, password: str) -> None:
    Skill.objects.bulk_create(
        [Skill(account=account, name=name) for name in (brand.SALES, brand.BILLING)]
    )
    skills = {skill.name: skill for skill in account.skills.all()}
    # One hash for all: it is slow by design, and they all have the one password anyway.
    encoded = make_password(password)
    for person in brand.PEOPLE:
        user = _make_user(person, encoded)
        if person.role:
            mine = [skills[name] for name in person.skills]
            grant_role(user=user, account=account, role=person.role, skills=mine, by=BY)


def _make_user(person: Person, encoded: str) -> User:
    """Who has a password already, from a demo brand that was deleted, stays as they are."""
    user = User.objects.filter(email__iexact=person.email).first()
    user = user or User.objects.create_user(person.email)
    if not user.has_usable_password():
        user.name = person.name
        user.password = encoded
        if not person.role:
            user.is_staff = user.is_superuser = True
        user.save()
    return user


def _make_apps(account: Account) -> None:
    """The lab carries every push but the demo app's: browsers that are real have their own push
    services, which ask for no account."""
    mobile = App.objects.create(
        account=account,
        bundle_id=brand.MOBILE_APP,
        name="Larkfield",
        platforms=[Platform.IOS, Platform.ANDROID],
    )
    web = App.objects.create(
        account=account,
        bundle_id=brand.WEB_APP,
        name="Larkfield Online",
        platforms=[Platform.WEB],
        origins=[brand.ORIGIN],
    )
    for app in (mobile, web):
        for platform in app.platforms:
            save_credential(
                app=app, platform=platform, provider=ProviderKind.LAB, settings={}, by=BY
            )
    demo = App.objects.create(
        account=account,
        bundle_id=brand.DEMO_APP,
        name="Larkfield demo",
        platforms=[Platform.WEB],
        origins=[brand.origin()],
    )
    make_vapid_keys(app=demo, contact=brand.CONTACT, by=BY)


@transaction.atomic
def _reach_huawei(account: Account, now: datetime) -> None:
    """A phone that only a push proxy reaches, once: it may be removed."""
    app = account.apps.filter(bundle_id=brand.MOBILE_APP).first()
    if app is None or Platform.HUAWEI in app.platforms:
        return
    app.platforms = [*app.platforms, Platform.HUAWEI]
    app.save(update_fields=["platforms"])
    save_credential(
        app=app, platform=Platform.HUAWEI, provider=ProviderKind.LAB, settings={}, by=BY
    )
    _make_phone(account, app, brand.HUAWEI_PHONE, now)


def _make_handoffs(account: Account, now: datetime) -> None:
    """The one with a placeholder first: it is the one that the lab's own button sends."""
    create_handoff(
        account=account,
        public_id=brand.CARD_HANDOFF,
        title="New card",
        app_names=list(brand.APPS),
        notification_title="Your new card",
        text=(
            "Hi ${{1}}, your new Larkfield card is on its way 💳 Choose your PIN in the app. "
            "Reply here if the address has changed."
        ),
        by=BY,
        now=now,
    )
    create_handoff(
        account=account,
        public_id=brand.PLAIN_HANDOFF,
        title="Welcome",
        app_names=list(brand.APPS),
        notification_title="Larkfield",
        text="Good to see you in the app. Ask us anything, right here.",
        by=BY,
        now=now,
    )


def _make_identity_provider(account: Account, private_key: str) -> None:
    public_key = load_pem_private_key(private_key.encode(), password=None).public_key()
    pem = public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    provider = IdentityProvider(
        account=account, issuer=brand.ISSUER, algorithms=["ES256"], public_key=pem
    )
    save_identity_provider(provider=provider, by=BY)


def _make_phones(account: Account, now: datetime) -> None:
    apps = {app.bundle_id: app for app in account.apps.all()}
    for phone in brand.PHONES:
        _make_phone(account, apps[phone.app], phone, now)


def _make_phone(account: Account, app: App, phone: Phone, now: datetime) -> None:
    device = register_device(
        account=account,
        claims={"sub": phone.ref, "name": phone.name},
        registration=Registration(
            app=app, platform=phone.platform, token=f"lab-phone-of-{phone.ref}", **phone.facts
        ),
        now=now,
    )
    device.label = phone.label
    device.save(update_fields=["label"])

"""How passwords are kept: tests hash them cheaply, the product does not."""

from django.contrib.auth.hashers import check_password, make_password
from django.test import override_settings

from proactive_site import settings as product


def test_passwords_are_kept_by_argon2id_at_no_less_than_owasp_asks_for():
    with override_settings(PASSWORD_HASHERS=product.PASSWORD_HASHERS):
        kept = make_password("correct horse battery")
        assert check_password("correct horse battery", kept)

    _, variety, _, costs, *_ = kept.split("$")
    found = {name: int(value) for name, value in (cost.split("=") for cost in costs.split(","))}
    assert variety == "argon2id"
    # OWASP's Password Storage Cheat Sheet: 19 MiB, two rounds, one lane.
    assert found["m"] >= 19_456
    assert found["t"] >= 2

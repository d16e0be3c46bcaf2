"""S18: weak passwords are refused with advice, whatever characters they are made of."""

import subprocess
import sys

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User

MAKE = (
    "from django.contrib.auth.hashers import make_password; print(make_password('correct horse'))"
)
ANN = User(email="ann.lindqvist@larkfield.example", name="Ann Lindqvist")


@pytest.mark.parametrize(
    "weak",
    [
        "",
        "short",
        "elevenchars",
        "password1234",
        "Password1234!",
        "qwertyuiop12",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "123456789012",
        "annlindqvist",
        "Ann Lindqvist1",
        "ann.lindqvist@larkfield.example",
        "larkfield2026",
        "x" * 129,
    ],
)
def test_what_is_soon_guessed_is_refused(weak: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(weak, ANN)


def test_passwords_are_kept_by_argon2id_at_no_less_than_owasp_asks_for() -> None:
    """In a process of its own, as tests hash with less."""
    argv = (sys.executable, "manage.py", "shell", "--no-imports", "-c", MAKE)
    made = subprocess.run(argv, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)

    algorithm, variety, _, costs, *_ = made.stdout.strip().split("$")
    found = {name: int(value) for name, value in (cost.split("=") for cost in costs.split(","))}
    assert (algorithm, variety) == ("argon2", "argon2id")
    # OWASP's Password Storage Cheat Sheet: 19 MiB, two rounds, one lane.
    assert found["m"] >= 19_456
    assert found["t"] >= 2


@pytest.mark.parametrize(
    "good",
    [
        "correct horse battery",
        "tidvatten och kanelbullar",
        "7$kQ!vz0Rb#m",
        "пароль не для тебя",
        "🐘 walks 🚲 slowly",
        "w4x.seal-orbit",
        "longer than most " * 7,
    ],
)
def test_a_good_one_is_taken_without_rules_of_composition(good: str) -> None:
    validate_password(good, ANN)


def test_the_refusal_says_what_would_help() -> None:
    with pytest.raises(ValidationError) as refused:
        validate_password("abcabcabcabc", ANN)

    assert "Repeats like" in " ".join(refused.value.messages)

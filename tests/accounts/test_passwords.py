"""S18: weak passwords are refused with advice, whatever characters they are made of."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User

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


def test_passwords_are_kept_by_argon2() -> None:
    user = User(email="ann@larkfield.example")

    user.set_password("tidvatten och kanelbullar")

    assert user.password.startswith("argon2$argon2id$")


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

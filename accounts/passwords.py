"""What a password has to bear (S18): no rules of composition, but an estimate of who guesses it."""

from typing import Any

from django.core.exceptions import ValidationError
from zxcvbn import zxcvbn

LONGEST = 128
# zxcvbn's 3 of 0 to 4: more than 10^8 guesses, and so safe from a throttled door.
LEAST_SCORE = 3
# Its time grows with the square of the length; so many characters suffice.
JUDGED = 72


class HardToGuess:
    """At most 128 characters, and more than 10^8 guesses by the estimate of zxcvbn.

    The person's own name and address are among the first guesses.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """:raises ValidationError: it is too long, or soon guessed; with zxcvbn's advice"""
        if len(password) > LONGEST:
            raise ValidationError(f"This password is longer than {LONGEST} characters.")
        if not password:
            return
        words = [str(getattr(user, field, "")) for field in ("email", "name")] if user else []
        estimate = zxcvbn(password[:JUDGED], user_inputs=[word for word in words if word])
        if estimate["score"] < LEAST_SCORE:
            feedback = estimate["feedback"]
            said = [feedback["warning"], *feedback["suggestions"]]
            advice = " ".join(f"{one.rstrip('.')}." for one in said if one)
            raise ValidationError(f"This password is soon guessed. {advice}".strip())

    def get_help_text(self) -> str:
        return "A few words that do not belong together are good: easy to keep, hard to guess."

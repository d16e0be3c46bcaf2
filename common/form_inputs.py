"""Inputs of forms that Django has not."""

from typing import Any

from django import forms


class SecretTextarea(forms.Textarea):
    """What was typed does not come back, not even beside an error."""

    def format_value(self, value: Any) -> str:
        return ""

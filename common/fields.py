"""Model fields that Django does not have."""

from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


def field_cipher() -> MultiFernet:
    """The cipher made of FIELD_KEYS: the first key encrypts, each of them decrypts."""
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])


class EncryptedJSONField(models.BinaryField):
    """A JSON value, encrypted at rest with FIELD_KEYS (Fernet: AES-128-CBC with HMAC-SHA-256)."""

    def get_prep_value(self, value: Any) -> bytes | None:
        if value is None:
            return None
        return field_cipher().encrypt(orjson.dumps(value))

    def from_db_value(self, value: Any, *_: Any) -> Any:
        if value is None:
            return None
        try:
            return orjson.loads(field_cipher().decrypt(bytes(value)))
        except InvalidToken as error:
            raise ImproperlyConfigured(
                "A stored credential was encrypted with a key that FIELD_KEYS no longer lists. "
                "Add that key back at the end of the list."
            ) from error

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        raise NotImplementedError("An encrypted value is not serialised.")

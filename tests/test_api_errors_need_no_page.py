"""An API path answers in JSON even where no page could be rendered (A9)."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

MANIFEST = "whitenoise.storage.CompressedManifestStaticFilesStorage"


@pytest.mark.parametrize("path", ["/api/nothing", "/sentinel/nothing", "/oauth/nothing"])
def test_unknown_path_of_the_api_is_404_without_any_static_file(
    client: Client, settings: Any, tmp_path: Path, path: str
) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": MANIFEST}}

    response = client.get(path)

    assert (response.status_code, response.json()["errorKey"]) == (404, "not_found")

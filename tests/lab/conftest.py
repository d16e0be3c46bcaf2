from typing import Any

import pytest

from tests.factories.lab import LabBrand, lab_brand


@pytest.fixture(autouse=True)
def _settings(settings: Any) -> None:
    settings.LAB = "open"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def brand(db: None) -> LabBrand:
    return lab_brand()

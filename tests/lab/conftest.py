from typing import Any

import pytest

from tests.factories.lab import LabBrand, lab_brand


@pytest.fixture(autouse=True)
def _settings(settings: Any) -> None:
    settings.LAB = "open"


@pytest.fixture
def brand(db: None) -> LabBrand:
    return lab_brand()

from tests.campaigns.conftest import brand  # noqa: F401 -- a fixture

from tests.campaigns.conftest import api, brand  # noqa: F401 -- fixtures

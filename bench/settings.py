"""The product's settings for the process that measures, with the benchmark's own apps beside it."""

from proactive_site.settings import *  # noqa: F403
from proactive_site.settings import INSTALLED_APPS as PRODUCT

INSTALLED_APPS = [*PRODUCT, "bench", "bench.naive"]
# It prints what it finds, and no more.
LOGGING_CONFIG = None

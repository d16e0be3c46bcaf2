"""All that campaigns put into the OpenAPI document, by noun."""

from campaigns import (
    schema_calls,
    schema_campaigns,
    schema_dead_letters,
    schema_push_key,
    schema_reachability,
    schema_recipients,
    schema_reports,
    schema_why,
)
from common.openapi import Operation, Schema

_PARTS = (
    schema_reports,
    schema_calls,
    schema_campaigns,
    schema_recipients,
    schema_reachability,
    schema_dead_letters,
    schema_why,
    schema_push_key,
)

COMPONENTS: dict[str, Schema] = {
    name: schema for part in _PARTS for name, schema in part.COMPONENTS.items()
}
OPERATIONS: dict[str, Operation] = {
    path: operation for part in _PARTS for path, operation in part.OPERATIONS.items()
}

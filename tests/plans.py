"""What PostgreSQL read to answer a query."""

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection

Plan = dict[str, Any]


def explain(query: str, parameters: Any = None) -> Plan:
    """Run the query, and return the plan's top node with what was read."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}", parameters)
        (plan,) = cursor.fetchone()
    top: Plan = (plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]
    return top


def scans_of(table: str, node: Plan) -> Iterator[Plan]:
    if node.get("Relation Name") == table and "Scan" in node["Node Type"]:
        yield node
    for child in node.get("Plans", ()):
        yield from scans_of(table, child)


def rows_read(scan: Plan) -> float:
    """Of a table or an index, those that a condition threw away with them."""
    rows: float = scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)
    return rows * scan["Actual Loops"]


def pages_read(plan: Plan) -> int:
    pages: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return pages

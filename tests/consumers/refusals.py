"""The words with which the SDK's door refuses a token, as they are written in the product."""

import ast
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
MODULES = ("consumers/jwt.py", "consumers/authentication.py")
REFUSALS = {"TokenRefused", "BadToken"}


def refusal_reasons():
    found = set()
    for module in MODULES:
        for node in ast.walk(ast.parse((CHECKOUT / module).read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in REFUSALS:
                found |= {one.value for one in node.args[:1] if isinstance(one, ast.Constant)}
    return found

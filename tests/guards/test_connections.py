"""What DATABASE_URL means is decided in one module, for every process and tool."""

import ast

from tests.guards.source import at, modules

# The last looks at a session before it is ours.
ALLOWED = {"store/connecting.py", "workers/doctor/probe_sessions.py"}
PACKAGES = ("benchmarks", "commands", "demo", "receiver", "store", "web", "workers")


def connects(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "connect"
        and isinstance(node.value, ast.Name)
        and node.value.id in {"psycopg", "Connection"}
    )


def test_nobody_else_connects_to_postgres() -> None:
    found = [
        at(module, node)
        for package in PACKAGES
        for module in modules(package)
        if module.path not in ALLOWED
        for node in ast.walk(module.tree)
        if isinstance(node, ast.expr) and connects(node)
    ]

    assert found == []


def test_a_connection_of_ones_own_is_seen() -> None:
    tree = ast.parse("psycopg.connect(url)\nconnect(url)")

    assert sum(map(connects, ast.walk(tree))) == 1

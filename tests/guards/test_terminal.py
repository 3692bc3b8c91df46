"""Commands print by one function, which no name can use to steer a terminal."""

import ast

from tests.guards.source import at, modules, modules_at


def prints_by_itself(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id == "print"
    return isinstance(node.func, ast.Attribute) and node.func.attr in {"echo", "secho"}


def test_every_command_prints_through_the_one_echo() -> None:
    found = [
        at(module, node)
        for module in (*modules_at("manage.py"), *modules("commands"))
        if module.path != "commands/terminal.py"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and prints_by_itself(node)
    ]

    assert found == []


def test_a_command_that_prints_by_itself_is_seen() -> None:
    tree = ast.parse("click.echo(1)\nprint(2)\necho(3)")

    assert [prints_by_itself(node.value) for node in tree.body] == [True, True, False]  # type: ignore[attr-defined] # Expressions all.

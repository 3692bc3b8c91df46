"""A test that asserts nothing cannot fail, so it says nothing."""

import ast

from tests.guards.source import Module, called, functions, modules

# What fails a test without the word `assert`.
EXPECT = {"raises", "warns", "fail", "expect", "run_state_machine_as_test"}


def names(node: ast.AST) -> set[str]:
    """What is called in here."""
    return {called(each) for each in ast.walk(node) if isinstance(each, ast.Call)}


def asserts(node: ast.AST) -> bool:
    said = any(isinstance(each, ast.Assert) for each in ast.walk(node))
    return said or bool(names(node) & EXPECT)


def asserting() -> set[str]:
    """The functions of the tests that assert something, or call one that does."""
    bodies = {
        function.name: function
        for module in modules("tests")
        for function in functions(module)
        if not function.name.startswith("test_")
    }
    known = {name for name, body in bodies.items() if asserts(body)}
    while more := {
        name
        for name, body in bodies.items()
        if name not in known and names(body) & known
    }:
        known |= more
    return known


def silent(module: Module, known: set[str]) -> list[str]:
    return [
        f"{module.path}::{function.name}"
        for function in functions(module)
        if function.name.startswith("test_")
        and not asserts(function)
        and not names(function) & known
    ]


def test_every_test_asserts_something() -> None:
    known = asserting()

    assert [name for each in modules("tests") for name in silent(each, known)] == []


def test_the_guard_sees_a_test_that_only_does_something() -> None:
    text = (
        "def test_silent() -> None:\n    work()\n"
        "def test_loud() -> None:\n    assert work()\n"
        "def test_helped() -> None:\n    expect_work()\n"
    )
    module = Module(path="some.py", text=text, tree=ast.parse(text))

    assert silent(module, {"expect_work"}) == ["some.py::test_silent"]

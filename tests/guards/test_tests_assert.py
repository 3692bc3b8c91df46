"""A test that asserts nothing cannot fail, so it says nothing."""

import ast
from collections.abc import Iterator

import pytest

from tests.guards.source import Module, called, functions, modules

# What fails a test without the word `assert`.
EXPECT = {"raises", "warns", "fail", "expect", "run_state_machine_as_test"}

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# No statement behind one of these in its block is ever reached.
ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def names(node: ast.AST) -> set[str]:
    """What is called in here."""
    return {called(each) for each in own(node) if isinstance(each, ast.Call)}


def reached(node: ast.AST) -> Iterator[ast.AST]:
    """What is in here, but for what stands behind the end of its block."""
    yield node
    for _, value in ast.iter_fields(node):
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield from reached(each)
            if isinstance(each, ENDS):
                break


def can_fail(node: ast.AST) -> bool:
    """Whether it asserts what is not true, or false, however it is written."""
    constant = (ast.Constant, ast.Tuple, ast.JoinedStr, ast.Lambda, ast.GeneratorExp)
    return isinstance(node, ast.Assert) and not isinstance(node.test, constant)


def own(body: ast.AST) -> list[ast.AST]:
    """What is reached in a function, and in those within it that it makes use of."""
    nodes = list(reached(body))
    used = {each.id for each in nodes if isinstance(each, ast.Name)}
    idle = {
        id(inner)
        for each in nodes
        if isinstance(each, FUNCTIONS) and each is not body
        # What is decorated is called by whatever decorates it.
        if each.name not in used and not each.decorator_list
        for inner in ast.walk(each)
    }
    return [each for each in nodes if id(each) not in idle]


def asserts(node: ast.AST) -> bool:
    nodes = own(node)
    said = any(can_fail(each) for each in nodes)
    return said or bool(
        {called(each) for each in nodes if isinstance(each, ast.Call)} & EXPECT
    )


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


@pytest.mark.parametrize(
    "body",
    [
        "    return\n    assert work()\n",
        "    raise Done\n    assert work()\n",
        "    for each in work():\n        continue\n        assert each\n",
        "    def look() -> None:\n        assert work()\n    work()\n",
        "    assert True\n",
        "    assert (work(), 'told')\n",
        "    assert 'work'\n",
        "    assert (each for each in work())\n",
        "    return\n    expect_work()\n",
    ],
)
def test_the_guard_sees_what_is_asserted_nowhere(body: str) -> None:
    text = f"def test_silent() -> None:\n{body}"
    module = Module(path="some.py", text=text, tree=ast.parse(text))

    assert silent(module, {"expect_work"}) == ["some.py::test_silent"]


def test_an_inner_function_that_is_used_asserts() -> None:
    text = (
        "def test_used() -> None:\n"
        "    def look() -> None:\n        assert work()\n"
        "    run(look)\n"
        "def test_decorated() -> None:\n"
        "    @given()\n    def look() -> None:\n        assert work()\n"
        "    run()\n"
    )
    module = Module(path="some.py", text=text, tree=ast.parse(text))

    assert silent(module, set()) == []

"""House habits that a formatter does not know."""

import ast
import re

from tests.guards.source import PRODUCT, Module, at, called, calls, modules, texts

SUPPRESSION = re.compile(r"#\s*(type:\s*ignore|noqa)\b(?P<rest>.*)")
# `[code]` or `: CODE`, then a word of why.
ARGUED = re.compile(r"(\[[a-z-, ]+\]|: ?[A-Z]+\d+(, ?[A-Z]+\d+)*)\s+(# |[-–—] )\S+.*")
UNDONE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
SKIPS = {"skip", "skipif", "xfail", "importorskip", "skipUnless", "skipIf"}
NAMED = re.compile(r"\b(\w+)(?: \([^)]*\))? AS (?:NOT )?(?:MATERIALIZED )?\(", re.I)
STAR = re.compile(r"SELECT\s+(?:\w+\.)?\*(?:\s+FROM\s+(\w+))?", re.I)


def lines(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{module.path}:{number}"
        for module in modules()
        if module.path != "tests/guards/test_habits.py"
        for number, line in enumerate(module.text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_nothing_is_suppressed_without_a_code_and_a_reason() -> None:
    silent = [
        f"{module.path}:{number}"
        for module in modules()
        if module.path != "tests/guards/test_habits.py"
        for number, line in enumerate(module.text.splitlines(), 1)
        if "#" in line
        and (found := SUPPRESSION.search(line))
        and not ARGUED.match(found["rest"])
    ]

    assert silent == []


def test_nothing_is_left_to_do_in_a_comment() -> None:
    assert lines(UNDONE) == []


def is_shown_with_a_failure(module: Module, call: ast.Call) -> bool:
    """A test may print what repeats it: pytest shows that with a failure alone."""
    line = module.text.splitlines()[call.lineno - 1]
    return module.folder == "tests" and "noqa: T201" in line


def test_nothing_is_printed() -> None:
    printed = [
        at(module, call)
        for module in modules()
        for call in calls(module.tree, "print")
        if isinstance(call.func, ast.Name) and not is_shown_with_a_failure(module, call)
    ]

    assert printed == []


def test_every_module_says_why_it_exists() -> None:
    silent = [
        module.path
        for module in modules()
        if module.text.strip() and not ast.get_docstring(module.tree)
    ]

    assert silent == []


def test_no_test_is_skipped() -> None:
    skipped = [
        at(module, node)
        for module in modules("tests")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute | ast.Name) and called(node) in SKIPS
    ]
    elsewhere = [
        at(module, call)
        for module in modules("tests")
        for call in calls(module.tree, "skipif")
        if "sys.platform" in ast.unparse(call.args[0])
    ]

    # What only one system has may be tested on that system alone.
    assert sorted(skipped) == sorted(elsewhere)


def test_every_query_names_its_columns() -> None:
    greedy = [
        f"{module.path}: {star.group()}"
        for module in modules("store", "web", "workers")
        for text in texts(module.tree)
        for star in STAR.finditer(text)
        if star.group(1) not in set(NAMED.findall(text))
    ]

    assert greedy == []


def test_no_error_is_swallowed() -> None:
    swallowed = [
        at(module, node.body[0])
        for module in modules(*PRODUCT)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or called(node.type) in {"Exception", "BaseException"})
        and all(isinstance(each, ast.Pass | ast.Continue) for each in node.body)
    ]

    assert swallowed == []

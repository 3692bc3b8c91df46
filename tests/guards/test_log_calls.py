"""Log calls cannot fail: an error in one would end the work it only tells about."""

import ast
import logging
from collections.abc import Iterator

import pytest

from tests.guards.source import Module, at, called, calls, functions, modules

# A line's own attributes; logging refuses any of them in `extra` with a KeyError, and
# only when the line is written at all. Newer Pythons have one more than ours may.
RECORD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
# What logs.py calls the time and the level: a field of that name would hide them.
OURS = {"at", "level"}
RESERVED = RECORD | OURS
METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


def log_calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Every call that writes a line with fields, or with what nobody can read here."""
    for call in calls(tree, *METHODS):
        given = {keyword.arg for keyword in call.keywords}
        if "extra" in given or (None in given and is_of_a_logger(call)):
            yield call


def is_of_a_logger(call: ast.Call) -> bool:
    """Whether what is called is a logger, by its name or where it was just got."""
    of = call.func.value if isinstance(call.func, ast.Attribute) else None
    if isinstance(of, ast.Call):
        return called(of) == "getLogger"
    name = of.attr if isinstance(of, ast.Attribute) else getattr(of, "id", "")
    return name.strip("_") in {"log", "logger", "logging"}


def fields_of(call: ast.Call, scope: ast.AST) -> ast.expr:
    """What is given as `extra`: in the call, or just before it under a name."""
    found = {each.arg: each.value for each in call.keywords}
    if "extra" not in found:
        return ast.Starred(value=found[None], ctx=ast.Load())
    value = found["extra"]
    if not isinstance(value, ast.Name):
        return value
    named = [
        node.value
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign)
        and node.lineno <= call.lineno
        and any(isinstance(t, ast.Name) and t.id == value.id for t in node.targets)
    ]
    return named[-1] if named else value


def faults(value: ast.expr) -> list[str]:
    """The names in `extra` that a line has already, or that cannot be read here."""
    if not isinstance(value, ast.Dict):
        return [f"unreadable: {ast.unparse(value)}"]
    names = [
        each.value if isinstance(each, ast.Constant) else None for each in value.keys
    ]
    return [str(name) for name in names if name is None or name in RESERVED]


def faulty(module: Module) -> list[str]:
    """The calls of a module that no scope around them explains."""
    found: dict[int, str] = {}
    readable: set[int] = set()
    if not any(log_calls(module.tree)):
        return []
    for scope in [*functions(module), module.tree]:
        for call in log_calls(scope):
            if wrong := faults(fields_of(call, scope)):
                found.setdefault(id(call), f"{at(module, call)}: {', '.join(wrong)}")
            else:
                readable.add(id(call))
    return [text for key, text in found.items() if key not in readable]


def test_no_field_of_a_log_line_has_a_reserved_name() -> None:
    assert [fault for module in modules() for fault in faulty(module)] == []


@pytest.mark.parametrize("name", sorted(RECORD - {"taskName"}))
def test_python_refuses_every_name_that_this_guard_knows(name: str) -> None:
    refused = {name: 1}

    with pytest.raises(KeyError, match="Attempt to overwrite"):
        logging.getLogger().makeRecord(
            "name", logging.INFO, "file", 1, "message", (), None, extra=refused
        )


def test_the_guard_sees_names_in_the_call_and_before_it() -> None:
    text = (
        "def work() -> None:\n"
        "    log.info('a', extra={'created': 1})\n"
        "    extra = {'fine': 1, 'name': 2}\n"
        "    log.warning('b', extra=extra)\n"
        "    log.error('c', extra={**extra})\n"
        "    log.error('d', extra=extra_of(1))\n"
        "    log.error('e', extra={'fine': 1})\n"
        "    self._log.info('f', **given)\n"
        "    logging.getLogger().info('g', **{'extra': given})\n"
        "    store.info('h', **given)\n"
    )
    module = Module(path="some.py", text=text, tree=ast.parse(text))

    lines = sorted(fault.split(":")[1] for fault in faulty(module))

    assert lines == ["2", "4", "5", "6", "8", "9"]

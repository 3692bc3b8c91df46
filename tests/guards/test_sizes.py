"""No module and no function grows past the size that one can still read."""

from tests.guards.source import at, functions, modules

MODULE_LINES = 400
TEST_MODULE_LINES = 400
FUNCTION_LINES = 50


def wall(path: str) -> int:
    return TEST_MODULE_LINES if path.startswith("tests/") else MODULE_LINES


def test_no_module_is_past_the_wall() -> None:
    long = {
        module.path: lines
        for module in modules()
        if (lines := len(module.text.splitlines())) > wall(module.path)
    }

    assert long == {}


def test_no_function_is_past_the_wall() -> None:
    long = {
        f"{at(module, function)} {function.name}": lines
        for module in modules()
        for function in functions(module)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES
    }

    assert long == {}

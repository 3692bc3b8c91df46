"""Every route states who may see it, and every address is in the runbook."""

import ast
import re

from receiver.routes import PATHS
from tests.guards.source import (
    Module,
    at,
    called,
    functions,
    modules,
    modules_at,
    read,
)

METHODS = {"get", "post", "put", "patch", "delete", "route"}
STATEMENT = "seen_by"


def is_route(decorator: ast.expr) -> bool:
    """`@blueprint.get("/path")`, whatever the blueprint is called."""
    return (
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in METHODS
        and bool(decorator.args)
    )


def states_audience(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(called(each) == STATEMENT for each in function.decorator_list)


def added_views(module: Module) -> list[ast.expr]:
    """The views that are given to add_url_rule rather than decorated."""
    return [
        keyword.value
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Call) and called(call) == "add_url_rule"
        for keyword in call.keywords
        if keyword.arg == "view_func"
    ]


def receiver_paths() -> set[str]:
    """The addresses in the receiver's table of routes, and those before Flask's."""
    return set(PATHS) | {
        match
        for module in modules("receiver")
        for match in re.findall(r'^\s+\("(/[^"]+)", ', module.text, re.MULTILINE)
    }


def runbook_addresses() -> dict[str, str]:
    """Who may ask for what, by the table in docs/operations.md."""
    rows = re.findall(r"^\| (`/.*?) \| (.*?) \|", read("docs/operations.md"), re.M)
    return {
        path: who.strip()
        for paths, who in rows
        for path in re.findall(r"`(/[^`]*)`", paths)
    }


def test_every_decorated_route_of_the_web_states_who_may_see_it() -> None:
    routes = [
        (module, function)
        for module in modules("web")
        for function in functions(module)
        if any(is_route(each) for each in function.decorator_list)
    ]

    silent = [at(module, view) for module, view in routes if not states_audience(view)]

    assert routes != []
    assert silent == []


def test_every_view_added_by_hand_states_who_may_see_it() -> None:
    stated = {
        function.name
        for module in modules("web")
        for function in functions(module)
        if states_audience(function)
    }

    silent = [
        at(module, view)
        for module in modules("web")
        for view in added_views(module)
        if called(view) not in stated
    ]

    assert silent == []


def test_the_web_lets_nobody_through_before_it_has_checked_all_routes() -> None:
    [app] = modules_at("web/app.py")
    [create] = [each for each in functions(app) if each.name == "create_app"]

    *_, enforce, end = create.body

    assert isinstance(enforce, ast.Expr)
    assert called(enforce.value) == "enforce"
    assert isinstance(end, ast.Return)


def test_every_address_of_the_receiver_is_in_the_runbook_with_its_proof() -> None:
    stated = runbook_addresses()

    paths = receiver_paths()

    assert {"/wecom/command", "/metrics"} <= paths
    assert {path for path in paths if not stated.get(path)} == set()


def test_every_first_part_of_a_web_address_is_in_the_runbook() -> None:
    stated = {path.split("/")[1] for path in runbook_addresses()}
    prefixes = {
        prefix
        for module in modules("web")
        for prefix in re.findall(r'(?:url_prefix=|PREFIX = )"/([a-z]+)', module.text)
    }
    singles = {
        path
        for module in modules("web")
        for path in re.findall(r'add_url_rule\("/([a-z]+)"', module.text)
    }

    assert prefixes | singles
    assert (prefixes | singles) - stated == set()

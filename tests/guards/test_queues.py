"""Nothing waits in a queue for ever: each has a process, each ring has an actor."""

import ast
import re
from pathlib import Path

from demo.machine.procfile import read_procfile
from tests.guards.source import (
    ROOT,
    Module,
    at,
    called,
    functions,
    modules,
    modules_at,
    read,
)
from workers.queue import broker

STATED = {"queue_name", "max_retries", "time_limit"}


def actors() -> list[tuple[Module, ast.FunctionDef, ast.Call]]:
    """Each actor with the decorator that makes it one."""
    return [
        (module, function, decorator)
        for module in modules("workers")
        for function in functions(module)
        for decorator in function.decorator_list
        if isinstance(function, ast.FunctionDef)
        and isinstance(decorator, ast.Call)
        and called(decorator) == "actor"
    ]


def options(decorator: ast.Call) -> dict[str, ast.expr]:
    return {each.arg: each.value for each in decorator.keywords if each.arg}


def queue_of(decorator: ast.Call) -> str:
    """The queue's name, behind the constant of workers/queue/broker.py."""
    value = options(decorator)["queue_name"]
    return str(getattr(broker, called(value)))


def served(folder: Path) -> set[str]:
    """The queues that some line of the Procfile works on."""
    found: set[str] = set()
    for command in read_procfile(folder / "Procfile").values():
        match = re.search(r"dramatiq workers\.actors --queues ((?:[a-z]+ )+)", command)
        found |= set(match.group(1).split()) if match else set()
    return found


def rung() -> dict[str, tuple[str, str]]:
    """By the bell's method: the actor that it rings, and on which queue."""
    [module] = modules_at("workers/queue/bell.py")
    found = {}
    for function in functions(module):
        for call in ast.walk(function):
            given = options(call) if isinstance(call, ast.Call) else {}
            actor = given.get("actor_name")
            if isinstance(actor, ast.Constant):
                queue = str(getattr(broker, called(given["queue_name"])))
                found[function.name] = (str(actor.value), queue)
    return found


def test_every_queue_has_a_worker_line_in_the_procfile() -> None:
    named = set(broker.QUEUES) | {queue_of(each) for _, _, each in actors()}

    assert named - served(ROOT) == set()


def test_every_queue_of_the_procfile_is_one_of_ours() -> None:
    assert served(ROOT) - set(broker.QUEUES) == set()


def test_every_actor_states_queue_retries_and_time_limit() -> None:
    silent = [
        f"{at(module, function)} {sorted(STATED - options(decorator).keys())}"
        for module, function, decorator in actors()
        if STATED - options(decorator).keys()
    ]

    assert silent == []


def test_no_actor_is_repeated_by_dramatiq() -> None:
    repeated = [
        at(module, function)
        for module, function, decorator in actors()
        if ast.literal_eval(options(decorator)["max_retries"]) != 0
    ]

    assert repeated == []


def test_actors_are_one_line_long() -> None:
    long = [
        at(module, function)
        for module, function, _ in actors()
        if len(function.body) != 2
        or ast.get_docstring(function) is None
        or not isinstance(function.body[1], ast.Expr)
    ]

    assert actors() != []
    assert long == []


def test_every_actor_is_loaded_by_the_worker_process() -> None:
    loader = read("workers/actors.py")
    unknown = [
        module.path
        for module, _, _ in actors()
        if module.path != "workers/actors.py"
        and module.path.removesuffix(".py").split("/")[1] not in loader
    ]

    assert unknown == []


def test_whatever_is_rung_is_an_actor_of_that_queue() -> None:
    known = {(function.name, queue_of(each)) for _, function, each in actors()}
    in_use = {
        called(call)
        for module in modules("receiver", "workers", "web")
        if module.path != "workers/queue/bell.py"
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Attribute)
    }

    wanted = {ring for method, ring in rung().items() if method in in_use}

    assert rung() != {}
    assert wanted - known == set()

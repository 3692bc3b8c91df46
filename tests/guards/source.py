"""The source tree as the guards read it: text and syntax, each file parsed once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = (
    "receiver",
    "serving",
    "tracing",
    "workers",
    "domain",
    "wecom",
    "tapd",
    "store",
    "texts",
    "web",
    "commands",
    "configuration",
)
OTHERS = ("simulator", "demo", "benchmarks", "tests")


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file of ours."""

    path: str
    text: str
    tree: ast.Module

    @property
    def folder(self) -> str:
        """The top-level folder, empty for a module at the root."""
        return self.path.partition("/")[0] if "/" in self.path else ""


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """The modules below these folders; without any, those of the whole tree."""
    if not folders:
        return modules_at_root() + modules(*PRODUCT, *OTHERS)
    return tuple(
        _read(path)
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    )


@cache
def modules_at_root() -> tuple[Module, ...]:
    """The modules beside the folders: settings, the command line."""
    return tuple(_read(path) for path in sorted(ROOT.glob("*.py")))


def modules_at(*paths: str) -> tuple[Module, ...]:
    """The modules of these very paths."""
    return tuple(_read(ROOT / path) for path in paths)


@cache
def read(path: str) -> str:
    """The text of a file, by its path from the root."""
    return (ROOT / path).read_text("utf-8")


def functions(
    module: Module,
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a module, nested ones and methods included."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Every call of a function or method of these names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in names:
            yield node


def called(call: ast.expr) -> str:
    """The last part of the name that is called or used as a decorator."""
    at = call.func if isinstance(call, ast.Call) else call
    if isinstance(at, ast.Attribute):
        return at.attr
    return at.id if isinstance(at, ast.Name) else ""


def texts(tree: ast.AST) -> Iterator[str]:
    """Every text constant, the fixed parts of f-strings joined by a blank."""
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield " ".join(
                str(part.value)
                for part in node.values
                if isinstance(part, ast.Constant)
            )
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            yield node.value


def at(module: Module, node: ast.stmt | ast.expr) -> str:
    """Where something stands, as editors open it."""
    return f"{module.path}:{node.lineno}"


@cache
def _read(path: Path) -> Module:
    text = path.read_text("utf-8")
    name = path.relative_to(ROOT).as_posix()
    return Module(path=name, text=text, tree=ast.parse(text, filename=name))

"""Who may import whom holds, and the domain needs the standard library alone."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.guards.source import PRODUCT, ROOT, Module, modules, modules_at_root

LINTER = Path(sys.executable).with_name("lint-imports")
STANDARD = sys.stdlib_module_names | {"domain"}
# redis loads it by itself.
NOT_IMPORTED = {"hiredis"}


def imported(module: Module) -> set[str]:
    """The top-level names that a module imports."""
    nodes = list(ast.walk(module.tree))
    plain = {
        alias.name for node in nodes if isinstance(node, ast.Import)
        for alias in node.names
    }  # fmt: skip
    given = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in plain | given}


def test_the_import_contracts_hold() -> None:
    checked = subprocess.run(  # noqa: S603 - a program of our own environment
        [LINTER, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_domain_imports_only_the_standard_library() -> None:
    foreign = {
        module.path: found
        for module in modules("domain")
        if (found := imported(module) - STANDARD)
    }

    assert foreign == {}


def test_the_domain_reads_no_clock_and_no_chance() -> None:
    forbidden = {"time", "random", "secrets", "os", "logging", "socket", "threading"}

    impure = {
        module.path: found
        for module in modules("domain")
        if (found := imported(module) & forbidden)
    }

    assert impure == {}


def test_every_folder_of_code_is_under_the_contracts() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    contracts = (ROOT / "pyproject.toml").read_text("utf-8")

    assert {each for each in folders if f'"{each}"' not in contracts} == set()


def test_everything_that_a_deployment_installs_is_imported() -> None:
    distributions = packages_distributions()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {re.split(r"[\[<>=]", each)[0] for each in project["dependencies"]}

    used = {
        distribution.lower().replace("_", "-")
        for module in (*modules_at_root(), *modules(*PRODUCT))
        for name in imported(module)
        for distribution in distributions.get(name, [])
    }

    assert wanted - used == NOT_IMPORTED

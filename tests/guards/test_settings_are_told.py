"""Every setting is in .env.example and the runbook, with the default it really has."""

import ast
import base64
import re

from settings import Settings, load
from tests.guards.source import modules, modules_at, modules_at_root, read

READERS = {"required", "optional", "given"}
READS_ITS_OWN = ("settings.py",)


def settings() -> dict[str, str]:
    """Each setting with how settings.py reads it."""
    [module] = modules_at("settings.py")
    return {
        str(call.args[0].value): call.func.attr
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in READERS
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


def example() -> dict[str, str]:
    """What .env.example says, lines that are switched off by `#` included."""
    found = re.findall(r"^(?:# )?([A-Z][A-Z0-9_]*)=(.*)$", read(".env.example"), re.M)
    names = [name for name, _ in found]
    assert len(names) == len(set(names)), "a setting stands twice in .env.example"
    return dict(found)


def loaded(optional: dict[str, str]) -> Settings:
    """Settings with every required one made up."""
    return load(
        {
            "DATABASE_URL": "postgresql://sync@db/sync",
            "REDIS_URL": "redis://redis",
            "PUBLIC_URL": "https://sync.example",
            "SECRET_KEYS": base64.b64encode(bytes(32)).decode(),
            "API_TOKEN": "synthetic-" * 4,
            "WECOM_SUITE_ID": "wwsuite",
            "WECOM_SUITE_SECRET": "synthetic",
            "WECOM_TOKEN": "synthetic",
            "WECOM_ENCODING_AES_KEY": "a" * 43,
            "WECOM_PROVIDER_CORP_ID": "",
            "WECOM_PROVIDER_SECRET": "",
            "TAPD_CLIENT_ID": "",
            "TAPD_CLIENT_SECRET": "",
            **optional,
        }
    )


def test_every_setting_is_in_the_example() -> None:
    assert len(settings()) > 20
    assert settings().keys() - example().keys() == set()


def test_the_example_invents_no_setting() -> None:
    assert example().keys() - settings().keys() == set()


def test_every_setting_is_in_the_runbook() -> None:
    runbook = read("docs/operations.md")

    missing = {name for name in settings() if f"`{name}`" not in runbook}

    assert missing == set()


def test_the_example_shows_the_defaults_that_hold() -> None:
    optional = {
        name: example()[name] for name, how in settings().items() if how == "optional"
    }

    assert loaded(optional) == loaded({})


def test_what_may_be_left_out_is_switched_off_in_the_example() -> None:
    text = read(".env.example")

    for name, how in settings().items():
        given = re.search(rf"^{name}=", text, re.M) is not None
        assert given is (how != "optional"), name


def test_only_the_settings_read_the_environment() -> None:
    product = modules_at_root() + modules(
        "receiver", "workers", "domain", "wecom", "tapd", "store", "web"
    )

    readers = [
        module.path
        for module in product
        if module.path not in READS_ITS_OWN
        and any(reads_environment(node) for node in ast.walk(module.tree))
    ]

    assert readers == []


def reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in {"environ", "environb", "getenv", "getenvb"}
    return isinstance(node, ast.ImportFrom) and any(
        each.name in {"environ", "getenv"} for each in node.names
    )

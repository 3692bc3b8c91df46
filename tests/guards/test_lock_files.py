"""The lock files hold what pyproject.toml asks for, with hashes and no address."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock")
NAME = re.compile(r"[A-Za-z0-9._-]+")


def asked(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    optional = project["optional-dependencies"]
    lines = [*project["dependencies"], *(one for e in extras for one in optional[e])]
    return {plain(line) for line in lines}


def locked(name: str) -> dict[str, str]:
    """The pinned line of each package."""
    text = (ROOT / name).read_text("utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    return {plain(entry): entry for entry in entries}


def plain(requirement: str) -> str:
    match = NAME.match(requirement)
    assert match is not None, requirement
    return re.sub(r"[-_.]+", "-", match.group()).lower()


@pytest.mark.parametrize(
    ("name", "extras"),
    [
        (LOCKS[0], ["embedded", "otel"]),
        (LOCKS[1], ["embedded", "otel", "dev"]),
        (LOCKS[2], ["embedded", "otel", "dev", "bench"]),
    ],
)
def test_everything_asked_for_is_locked(name: str, extras: list[str]) -> None:
    missing = asked(*extras) - locked(name).keys()

    assert missing == set(), "run `make lock`"


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_a_hash(name: str) -> None:
    loose = [
        package
        for package, entry in locked(name).items()
        if "==" not in entry or "--hash=sha256:" not in entry
    ]

    assert loose == []


@pytest.mark.parametrize("name", LOCKS)
def test_no_address_of_an_index_is_in_it(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")

    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_all_files_agree_on_every_version() -> None:
    runtime, everything, benchmarks = (
        {package: entry.split()[0] for package, entry in locked(name).items()}
        for name in LOCKS
    )

    assert runtime.items() <= everything.items() <= benchmarks.items()

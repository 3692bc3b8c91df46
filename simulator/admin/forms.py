"""Reads what an admin action was given, be it JSON or a form."""

from collections.abc import Mapping
from typing import Any

from simulator.admin.admin_members import Impossible
from simulator.org.directory import ROOT, Status
from simulator.org.grant import READ_BASIC, AuthMode, Grant, Scope

Given = Mapping[str, Any]


def read_scope(given: Given) -> Scope:
    """The scope that was asked for; nothing named is nothing allowed."""
    return Scope(
        allow_party=read_numbers(given, "allow_party"),
        allow_user=read_texts(given, "allow_user"),
        allow_tag=read_numbers(given, "allow_tag"),
        extra_party=read_numbers(given, "extra_party"),
        extra_user=read_texts(given, "extra_user"),
        extra_tag=read_numbers(given, "extra_tag"),
    )


def read_grant(given: Given) -> Grant:
    """What an install grants; without a word on scope, the whole corp."""
    named = any(name.startswith(("allow_", "extra_")) for name in given)
    return Grant(
        scope=read_scope(given) if named else Scope(allow_party=(ROOT,)),
        auth_mode=read_auth_mode(given),
        permissions=frozenset({READ_BASIC, *read_texts(given, "permissions")}),
        self_authorised=read_texts(given, "self_authorised"),
    )


def read_text(given: Given, name: str) -> str:
    """A text; empty when missing."""
    return str(given.get(name) or "").strip()


def read_flag(given: Given, name: str) -> bool:
    """Whether it is switched on."""
    return str(given.get(name, "")).lower() in ("1", "true", "on")


def read_number(given: Given, name: str) -> int | None:
    """A number, if there is one."""
    numbers = read_numbers(given, name)
    return numbers[0] if numbers else None


def read_numbers(given: Given, name: str) -> tuple[int, ...]:
    """A list of numbers, as JSON or as "1, 2".

    Raises: Impossible.
    """
    try:
        return tuple(int(one) for one in read_texts(given, name))
    except ValueError:
        raise Impossible(40058, f"{name}: not a number") from None


def read_texts(given: Given, name: str) -> tuple[str, ...]:
    """A list of texts, as JSON or as "a, b"."""
    value = given.get(name)
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        return tuple(str(one) for one in value)
    return tuple(str(value).replace(",", " ").split())


def read_status(given: Given) -> Status:
    """An activation status; active when missing.

    Raises: Impossible.
    """
    try:
        return Status(read_number(given, "status") or Status.ACTIVE)
    except ValueError:
        raise Impossible(40058, "status is 1, 2, 4 or 5") from None


def read_auth_mode(given: Given) -> AuthMode:
    """Who authorises; the admin when missing.

    Raises: Impossible.
    """
    try:
        return AuthMode(read_number(given, "auth_mode") or 0)
    except ValueError:
        raise Impossible(40058, "auth_mode is 0 or 1") from None

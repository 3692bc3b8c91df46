"""What a client may ask for, and what it is told of a member for it."""

from enum import StrEnum
from typing import Any

from store.oidc.subjects import OidcSubject


class Scope(StrEnum):
    """What can be asked for; anything else is passed over, as the standard has it."""

    OPENID = "openid"
    PROFILE = "profile"
    EMAIL = "email"
    OFFLINE_ACCESS = "offline_access"


def known_scopes(text: str | None) -> list[Scope]:
    """What is asked for and known here, each once."""
    asked = (text or "").split()
    return [each for each in Scope if each in asked]


def claims_of(subject: OidcSubject, scope: str) -> dict[str, Any]:
    """What a client with these scopes is told; of what is not visible, nothing."""
    asked, member = known_scopes(scope), subject.member
    claims: dict[str, Any] = {
        "sub": subject.account_id,
        "corp": member.corp_id,
        "company": member.company_id,
        "userid": member.userid,
    }
    if Scope.PROFILE in asked:
        claims |= {"name": member.name, "preferred_username": subject.nick}
    if Scope.EMAIL in asked and subject.email:
        # TAPD's word for it: nobody here has written to it.
        claims |= {"email": subject.email, "email_verified": False}
    return {name: value for name, value in claims.items() if value is not None}

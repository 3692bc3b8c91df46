"""An account as its owner would know it again, and nobody else."""

from dataclasses import dataclass

from store.links.views import AccountView
from store.summaries.org.journal import mask_email, mask_mobile


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedAccount:
    """What a page may show of an account; None where nothing is known."""

    name: str | None
    mobile: str | None
    email: str | None
    account_id: str


def masked_account(account: AccountView | None) -> MaskedAccount | None:
    """The account, masked."""
    if account is None:
        return None
    name = account.nick or account.name
    return MaskedAccount(
        name=mask_name(name) if name else None,
        mobile=mask_mobile(account.mobile) if account.mobile else None,
        email=mask_email(account.email) if account.email else None,
        account_id=mask_id(account.account_id),
    )


def mask_name(name: str) -> str:
    """`张**`: the first character, and that there is more."""
    return f"{name[:1]}**"


def mask_id(account_id: str) -> str:
    """`…4821`: the last four characters of a long id, one of a short one."""
    shown = 4 if len(account_id) >= 8 else 1
    return f"…{account_id[-shown:]}"

"""TAPD accounts: TAPD's side names them, so that members can be matched with them."""

from collections.abc import Callable
from typing import Annotated, Any

from flask import Response
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    model_validator,
)

from domain.ids import AccountId, CompanyId
from domain.links.accounts import (
    MAX_LENGTH,
    AccountChange,
    AccountField,
    check_account_id,
    check_email,
    check_text,
)
from store.database import transaction
from store.links import accounts
from store.links.accounts import ROWS_AT_ONCE
from store.links.link_claims import tell_accounts_changed
from store.mobiles import to_e164
from store.org import companies
from web.access import Audience, seen_by
from web.api.auditing import note
from web.api.blueprint import answer, blueprint, not_found, problems
from web.api.org.companies import CompanyPath
from web.http.shown import show_row
from web.services import services

api = blueprint("api-accounts")


class _Repeated:
    """Stands for the id of an account that an earlier row names already."""

    def __init__(self, row: int) -> None:
        self.row = row


def _is_named_once(value: object) -> object:
    if isinstance(value, _Repeated):
        raise ValueError(f"is named in row {value.row} already")
    return value


def _checked(check: Callable[[str], object]) -> Callable[[str], str]:
    """The text as it was given, once it has passed."""

    def pass_through(text: str) -> str:
        check(text)
        return text

    return pass_through


Text = Annotated[str, Field(max_length=MAX_LENGTH), AfterValidator(check_text)]


def _cleared(value: object) -> object:
    """None for an empty text: exporters have no other way to say that there is none."""
    return None if isinstance(value, str) and not value.strip() else value


Name = Annotated[
    str,
    Field(max_length=MAX_LENGTH),
    AfterValidator(check_account_id),
    BeforeValidator(_is_named_once),
]
Mobile = Annotated[Text, AfterValidator(_checked(to_e164))]
Email = Annotated[Text, AfterValidator(check_email)]
Empty = BeforeValidator(_cleared)


class GivenAccount(BaseModel):
    """What is to hold for an account; a missing field is left alone, null clears it."""

    model_config = ConfigDict(extra="forbid")

    account_id: Name
    nick: Text | None = None
    name: Text | None = None
    mobile: Annotated[Mobile | None, Empty] = Field(
        None,
        description="Of mainland China unless it begins with + and a country; empty"
        " clears it.",
    )
    email: Annotated[Email | None, Empty] = Field(None, description="Empty clears it.")


class AccountsBody(RootModel[list[GivenAccount]]):
    """Accounts to be made or changed, all or none; those not named stay."""

    root: Annotated[list[GivenAccount], Field(max_length=ROWS_AT_ONCE)]

    @model_validator(mode="before")
    @classmethod
    def _mark_repeated(cls, given: Any) -> Any:
        """Rows whose account was named before say so with their other faults."""
        if not isinstance(given, list):
            return given
        first: dict[str, int] = {}
        return [_marked(row, at=at, first=first) for at, row in enumerate(given)]


class Upserted(BaseModel):
    """What became of the accounts that were named."""

    created: int
    changed: int = Field(description="A field differs, or it joined this company.")
    unchanged: int


@api.post(
    "/companies/<company_id>/accounts",
    responses={200: Upserted, **problems(404, 422)},
)
@seen_by(Audience.BEARER)
def put_accounts(path: CompanyPath, body: AccountsBody) -> Response:
    """Make or change accounts of a company, all or none of them."""
    with transaction(services().pool) as connection:
        if companies.find_company(connection, path.company_id) is None:
            not_found(f"company {path.company_id}")
        done = accounts.upsert(
            connection,
            CompanyId(path.company_id),
            [_change(each) for each in body.root],
        )
        note(
            connection,
            "put_accounts",
            target=f"company:{path.company_id}",
            after={"created": done.created, "changed": done.changed},
        )
        mailbox = None
        if done.created or done.changed:
            mailbox = tell_accounts_changed(connection, CompanyId(path.company_id))
    if mailbox is not None:
        services().ring(mailbox)
    return answer(show_row(Upserted, done))


def _marked(row: object, *, at: int, first: dict[str, int]) -> object:
    account_id = row.get("account_id") if isinstance(row, dict) else None
    if not isinstance(row, dict) or not isinstance(account_id, str):
        return row
    if first.setdefault(account_id, at) == at:
        return row
    return {**row, "account_id": _Repeated(first[account_id])}


def _change(account: GivenAccount) -> AccountChange:
    given = account.model_dump(exclude_unset=True, exclude={"account_id"})
    return AccountChange(
        account_id=AccountId(account.account_id),
        given={AccountField(name): value for name, value in given.items()},
    )

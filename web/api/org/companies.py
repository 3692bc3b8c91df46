"""TAPD companies: what a corp is linked to, and how each wants to be treated."""

from typing import Annotated, Literal

from flask import Response
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from domain.ids import CompanyId
from domain.items.items import ItemKind
from domain.items.people import RoleChoice
from domain.reconcile.guard import MOST_WINDOW_HOURS
from store.database import transaction
from store.links.link_claims import tell_accounts_changed
from store.org import companies
from store.org.companies import Company as StoredCompany
from web.access import Audience, seen_by
from web.api.auditing import note
from web.api.blueprint import Id, answer, blueprint, not_found, problems
from web.api.strict import WholeNumber
from web.http.problems import Problem
from web.http.shown import show_row
from web.services import services

api = blueprint("api-companies")

Edition = Literal["standard", "professional", "enterprise"]
Unmatched = Literal["ask", "create"]

# As many as the settings of the same names take.
_MOST_REMOVALS = 999_999_999
# All that proves an item event to be TAPD's: too long to be tried out.
SHORTEST_EVENT_SECRET = 12


def _no_bool(value: object) -> object:
    # True is no number to an operator: as a share it would let everything pass.
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


Count = Annotated[WholeNumber, BeforeValidator(_no_bool)]
Share = Annotated[float, BeforeValidator(_no_bool)]


class CompanyPath(BaseModel):
    """Which company."""

    company_id: Id


class Guard(BaseModel):
    """Overrides of GUARD_*; what is absent follows the setting.

    Also taken: "on" or "off" alone, and the settings' own names.
    """

    model_config = ConfigDict(extra="forbid")

    switch: Literal["on", "off"] | None = None
    removals: Count | None = Field(None, ge=0, le=_MOST_REMOVALS)
    share: Share | None = Field(None, ge=0, le=1)
    ceiling: Count | None = Field(None, ge=0, le=_MOST_REMOVALS)
    window_hours: Count | None = Field(None, ge=1, le=MOST_WINDOW_HOURS)

    @model_validator(mode="before")
    @classmethod
    def _by_the_names_of_settings(cls, given: object) -> object:
        if isinstance(given, str):
            return {"switch": given}
        if not isinstance(given, dict):
            return given
        names = (str(name).lower().removeprefix("guard_") for name in given)
        renamed = ("switch" if name == "guard" else name for name in names)
        return dict(zip(renamed, given.values(), strict=True))


class ItemNoticeDefaults(BaseModel):
    """Overrides of ITEM_NOTICES, and what holds for members who chose nothing.

    Also taken: "on" or "off" alone.
    """

    model_config = ConfigDict(extra="forbid")

    switch: Literal["on", "off"] | None = None
    kinds: list[ItemKind] | None = None
    roles: list[RoleChoice] | None = None

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, given: object) -> object:
        return {"switch": given} if isinstance(given, str) else given


class KeptGuard(BaseModel):
    """The overrides as they are stored, be it from before a limit held for them."""

    switch: Literal["on", "off"] | None = None
    removals: int | None = None
    share: float | None = None
    ceiling: int | None = None
    window_hours: int | None = Field(
        None, description=f"Of more than {MOST_WINDOW_HOURS}, so many count."
    )


class CompanyBody(BaseModel):
    """What is to hold for a company; a missing field is left alone, null clears it."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, min_length=1, max_length=256)
    edition: Edition | None = None
    event_secret: str | None = Field(
        None, min_length=SHORTEST_EVENT_SECRET, max_length=256
    )
    unmatched: Unmatched | None = None
    guard: Guard | None = None
    item_notices: ItemNoticeDefaults | None = None

    @model_validator(mode="after")
    def _cannot_be_cleared(self) -> "CompanyBody":
        for name in ("name", "edition"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null")
        return self


class Company(BaseModel):
    """A TAPD company; its event secret is never shown again."""

    company_id: str
    name: str
    edition: Edition
    origin: Literal["tapd", "wecom"]
    has_event_secret: bool
    unmatched: Unmatched | None = Field(description="Null follows UNMATCHED.")
    guard: KeptGuard | None = Field(description="Null follows GUARD_*.")
    item_notices: ItemNoticeDefaults | None = Field(
        description="Null follows ITEM_NOTICES; missing kinds or roles are all of them."
    )


@api.get("/companies/<company_id>", responses={200: Company, **problems(404)})
@seen_by(Audience.BEARER)
def read_company(path: CompanyPath) -> Response:
    """One company."""
    with transaction(services().pool) as connection:
        found = companies.find_company(connection, path.company_id)
    return answer(_show(found or not_found(f"company {path.company_id}")))


@api.put("/companies/<company_id>", responses={200: Company, **problems(422)})
@seen_by(Audience.BEARER)
def put_company(path: CompanyPath, body: CompanyBody) -> Response:
    """Create or change a company; a new one needs a name."""
    with transaction(services().pool) as connection:
        if body.name is not None:
            companies.add_company(connection, path.company_id, name=body.name)
        companies.change_company(
            connection,
            path.company_id,
            given=body.model_dump(exclude_unset=True, mode="json"),
            keyring=services().keyring,
        )
        saved = companies.find_company(connection, path.company_id)
        # Which fields, not what: among them are a secret and a name.
        note(
            connection,
            "change_company",
            target=f"company:{path.company_id}",
            after={"fields": sorted(body.model_fields_set)},
        )
        mailbox = None
        if "unmatched" in body.model_fields_set:
            mailbox = tell_accounts_changed(connection, CompanyId(path.company_id))
    if saved is None:
        raise Problem(422, "name: a new company needs one.")
    if mailbox is not None:
        services().ring(mailbox)
    return answer(_show(saved))


def _show(company: StoredCompany) -> Company:
    return show_row(Company, company)

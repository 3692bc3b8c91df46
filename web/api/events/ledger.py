"""Where every event of a day went."""

import datetime

from flask import Response
from pydantic import BaseModel, Field

from domain.mailbox import mailbox_of_company
from store.database import Connection, transaction
from store.inbox import ledger
from store.org.companies import find_company
from web.access import Audience, seen_by
from web.api.blueprint import answer, blueprint, not_found, problems
from web.api.org.companies import CompanyPath
from web.api.org.corps import CorpPath
from web.api.strict import Day
from web.org.corps import get_corp
from web.services import services

api = blueprint("api-ledger")


class LedgerDay(BaseModel):
    """Which day, in UTC."""

    day: Day | None = Field(None, description="YYYY-MM-DD; today if absent.")


class Ledger(BaseModel):
    """Events received on a day; received is the sum of the rest."""

    day: datetime.date
    received: int
    applied: int
    folded: int
    duplicate: int
    ignored: int
    pending: int
    parked: int
    failed: int


@api.get("/ledger", responses={200: Ledger, **problems(400)})
@seen_by(Audience.BEARER)
def read_ledger(query: LedgerDay) -> Response:
    """The ledger of a day over all mailboxes."""
    with transaction(services().pool) as connection:
        return answer(_ledger(connection, query.day, None))


@api.get("/corps/<corp_id>/ledger", responses={200: Ledger, **problems(400, 404)})
@seen_by(Audience.BEARER)
def read_corp_ledger(path: CorpPath, query: LedgerDay) -> Response:
    """The ledger of a day for one corp."""
    with transaction(services().pool) as connection:
        corp = get_corp(connection, path.corp_id)
        return answer(_ledger(connection, query.day, corp.mailboxes))


@api.get(
    "/companies/<company_id>/ledger", responses={200: Ledger, **problems(400, 404)}
)
@seen_by(Audience.BEARER)
def read_company_ledger(path: CompanyPath, query: LedgerDay) -> Response:
    """The ledger of a day for the item events of one company."""
    with transaction(services().pool) as connection:
        if find_company(connection, path.company_id) is None:
            not_found(f"company {path.company_id}")
        mailboxes = [mailbox_of_company(path.company_id)]
        return answer(_ledger(connection, query.day, mailboxes))


def _ledger(
    connection: Connection, asked: datetime.date | None, mailboxes: list[str] | None
) -> Ledger:
    day = asked or datetime.datetime.now(datetime.UTC).date()
    sums = ledger.get_ledger(connection, day, mailboxes=mailboxes)
    return Ledger(
        day=day,
        received=sums.received,
        applied=sums.applied,
        folded=sums.folded,
        duplicate=sums.duplicate,
        ignored=sums.ignored,
        pending=sums.pending,
        parked=sums.parked,
        failed=sums.failed,
    )

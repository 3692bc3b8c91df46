"""From a nick to a phone: accounts read again, old nicks, and whoever gets nothing."""

import pytest

from domain.ids import AccountId
from domain.links.accounts import AccountChange, AccountField
from simulator.tapd.people import Company
from store.database import transaction
from store.links import accounts
from tests.support.notices.item_office import ItemOffice, open_office
from tests.support.workbench import Workbench
from workers.links.account_reads import read_accounts
from workers.upkeep import jobs


@pytest.fixture
def office(simulated: Workbench) -> ItemOffice:
    office = open_office(simulated, "李四", "王五")
    # Only what TAPD knows can be read from it.
    office.bench.rows("UPDATE companies SET origin = 'tapd'")
    office.bench.rows(
        "INSERT INTO account_reads (company_id, state, read_at) VALUES (%s, 'read',"
        " clock_timestamp() - interval '2 hours')",
        office.company_id,
    )
    return office


@pytest.fixture
def tapd(office: ItemOffice) -> Company:
    return office.bench.world.tapd.found(name="c", company_id=office.company_id)


def rename(office: ItemOffice, old: str, new: str) -> None:
    """TAPD's side names the account of a nick otherwise."""
    change = AccountChange(
        account_id=AccountId(account_of(office, old)), given={AccountField.NICK: new}
    )
    with transaction(office.bench.runtime.pool) as connection:
        accounts.upsert(connection, office.company_id, [change])


def account_of(office: ItemOffice, nick: str) -> str:
    row = office.bench.row("SELECT account_id FROM accounts WHERE nick = %s", nick)
    return str(row["account_id"])


def created(office: ItemOffice, owner: str) -> dict[str, object]:
    return office.event("story::create", name="标题", owner=f"{owner};")


def read_again(office: ItemOffice) -> None:
    """The reading that was wanted is done, and workers take note."""
    office.bench.rows("UPDATE account_reads SET due_at = clock_timestamp()")
    read_accounts(office.bench.runtime, office.company_id)
    office.follow()
    office.deliver()


def test_a_nick_that_was_given_up_still_finds_its_owner(office: ItemOffice) -> None:
    rename(office, "李四", "李思")

    office.tell(created(office, "李四"))

    assert len(office.phone("李四")) == 1


def test_whoever_has_a_nick_now_comes_before_whoever_had_it(office: ItemOffice) -> None:
    rename(office, "李四", "李思")
    rename(office, "王五", "李四")

    office.tell(created(office, "李四"))

    assert office.phone("李四") == []
    assert len(office.phone("王五")) == 1


def test_the_accounts_are_read_again_when_a_nick_is_unknown(
    office: ItemOffice, tapd: Company
) -> None:
    world, account_id = office.bench.world, account_of(office, "李四")
    account = world.tapd.register(account_id=account_id, nick="新昵称")
    world.tapd.join(tapd, account, at=0.0)

    office.tell(created(office, "新昵称"))

    [waiting] = office.bench.rows("SELECT reason, waits_until FROM item_notices")
    assert office.phone("李四") == []
    assert waiting["reason"] is None
    assert waiting["waits_until"] is not None

    read_again(office)

    assert len(office.phone("李四")) == 1
    [told] = office.bench.rows(
        "SELECT reason, waits_until, account_id FROM item_notices"
    )
    assert told == {"reason": None, "waits_until": None, "account_id": account_id}


def test_a_nick_that_is_nobodys_is_told_as_unknown_once_tapd_has_answered(
    office: ItemOffice, tapd: Company
) -> None:
    assert tapd.people == {}
    office.tell(created(office, "谁"))

    read_again(office)

    assert [became for _, _, became in office.told()] == ["unknown_nick"]

    # Everybody was told a moment ago: asking once more would tell nothing else.
    office.tell(
        office.event("story::create", id="114846449400100099", owner="又谁;", name="x")
    )

    assert [became for _, _, became in office.told()][-1] == "unknown_nick"


def test_a_reading_that_never_comes_ends_the_search(office: ItemOffice) -> None:
    office.tell(created(office, "谁"))
    office.bench.rows("UPDATE item_notices SET waits_until = clock_timestamp()")

    jobs.end_nick_searches(office.bench.runtime)
    office.follow()

    assert [became for _, _, became in office.told()] == ["unknown_nick"]


def test_two_who_have_one_nick_are_nobody(office: ItemOffice) -> None:
    office.without_tapd()
    rename(office, "王五", "李四")

    office.tell(created(office, "李四"))

    assert office.phone("李四") == office.phone("王五") == []
    assert [became for _, _, became in office.told()] == ["unknown_nick"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE members SET employment = 'left' WHERE userid = %s", "left"),
        (
            "UPDATE members SET state = 'removed', removal = 'scope' WHERE userid = %s",
            "out_of_scope",
        ),
        (
            "UPDATE members SET state = 'removed', removal = 'deletion'"
            " WHERE userid = %s",
            "left",
        ),
        (
            "UPDATE links SET state = 'unlinked', account_id = NULL FROM members"
            " WHERE members.member_pk = links.member_pk AND userid = %s",
            "not_linked",
        ),
    ],
)
def test_whoever_cannot_be_reached_gets_nothing_and_the_reason_is_kept(
    office: ItemOffice, change: str, reason: str
) -> None:
    office.bench.rows(change, office.userids[0])

    office.tell(created(office, "李四"))

    assert office.phone("李四") == []
    assert [became for _, _, became in office.told()] == [reason]


def test_whose_removal_is_held_gets_nothing(office: ItemOffice) -> None:
    hold(office)

    office.tell(created(office, "李四"))

    assert [became for _, _, became in office.told()] == ["held"]


def test_whoever_leaves_before_their_card_is_sent_is_not_sent_it(
    office: ItemOffice,
) -> None:
    office.send(created(office, "李四"))
    office.follow()
    office.bench.rows("UPDATE members SET state = 'removed', removal = 'scope'")

    office.deliver()

    assert office.phone("李四") == []
    assert office.bench.row("SELECT state, reason FROM notices") == {
        "state": "dropped",
        "reason": "removed",
    }


def test_a_company_that_switched_item_notices_off_tells_nobody(
    office: ItemOffice,
) -> None:
    office.bench.rows(
        'UPDATE companies SET item_notices = \'{"switch": "off"}\'::jsonb'
    )

    office.tell(created(office, "李四"))

    assert [became for _, _, became in office.told()] == ["company_off"]
    assert office.outcomes() == [("done", "told")]


def test_who_takes_somebodys_place_is_one_person(office: ItemOffice) -> None:
    """Two nicks of one account are told once."""
    rename(office, "李四", "李思")

    office.tell(office.event("story::create", name="x", owner="李四;李思;"))

    assert len(office.phone("李四")) == 1
    assert len(office.told()) == 2


@pytest.mark.parametrize(
    "nick", ["a;b", "<b>粗</b>", "👩‍🚀", "a\u202eb", "$userName=x$"]
)
def test_odd_nicks_are_people_like_others(simulated: Workbench, nick: str) -> None:
    office = open_office(simulated, nick, "王五")

    office.tell(
        office.event("story::create", name="标题", owner=f"{nick};王五;"),
    )

    assert len(office.phone(nick)) == 1
    assert len(office.phone("王五")) == 1


def hold(office: ItemOffice) -> None:
    """A plan holds the removal of the first member."""
    office.bench.rows(
        "INSERT INTO plans (plan_id, corp_pk, kind, hash, state)"
        " VALUES ('p', %s, 'members', 'h', 'held')",
        office.corp.corp_pk,
    )
    office.bench.rows(
        "INSERT INTO plan_entries (plan_id, position, corp_pk, key, decision, before,"
        " after, reason)"
        " VALUES ('p', 0, %s, %s, 'RemoveMember', '{}', '{}', 'deleted')",
        office.corp.corp_pk,
        f"member:{office.userids[0]}",
    )

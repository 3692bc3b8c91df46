"""What people said of links is pruned, and what of it counts stays."""

from domain.ids import AccountId, CorpPk, MemberPk
from domain.links.claims import ClaimKind, LinkClaim, weigh
from store.database import transaction
from store.links import link_claims
from tests.support.ageing import grow_old
from tests.support.workbench import Workbench
from workers.upkeep import pruning


def test_pruning_what_people_said_changes_nothing_of_what_counts(
    simulated: Workbench,
) -> None:
    bench = simulated
    corp_pk = bench.add_corp()
    bench.rows("INSERT INTO accounts (account_id) VALUES ('a'), ('b')")
    histories = _every_history(length=4)
    members = [_say(bench, corp_pk, n, each) for n, each in enumerate(histories)]
    grow_old(bench)
    with transaction(bench.runtime.pool) as connection:
        before = link_claims.list_claims(connection, corp_pk, members)

    pruning.prune_history(bench.runtime)

    with transaction(bench.runtime.pool) as connection:
        after = link_claims.list_claims(connection, corp_pk, members)
    assert sum(map(len, after.values())) < sum(map(len, before.values()))
    assert {pk: weigh(said) for pk, said in after.items()} == {
        pk: weigh(said) for pk, said in before.items()
    }


def _every_history(*, length: int) -> list[list[LinkClaim]]:
    """Everything of some length that can be said about two accounts."""
    kinds = (ClaimKind.PROVED, ClaimKind.UNLINKED)
    accounts = (AccountId("a"), AccountId("b"))
    sayings = [
        LinkClaim(kind=kind, account_id=one) for kind in kinds for one in accounts
    ]
    sayings.append(LinkClaim(kind=ClaimKind.CREATE))
    told: list[list[LinkClaim]] = [[]]
    for _ in range(length):
        told = [[*earlier, each] for earlier in told for each in sayings]
    return told


def _say(
    bench: Workbench, corp_pk: CorpPk, number: int, told: list[LinkClaim]
) -> MemberPk:
    row = bench.row(
        "WITH member AS (INSERT INTO members (corp_pk, userid, department_ids,"
        " department_orders, grounds, employment, fingerprint)"
        " VALUES (%s, %s, '{}', '{}', '{direct}', 'working', '')"
        " RETURNING corp_pk, member_pk), said AS ("
        " INSERT INTO link_claims (corp_pk, member_pk, company_id, kind, account_id,"
        " said_by, taken_at) SELECT corp_pk, member_pk, 'wpA', kind, account_id,"
        " 'member', clock_timestamp() FROM member,"
        " unnest(%s::text[], %s::text[]) WITH ORDINALITY AS told (kind, account_id, n)"
        " ORDER BY n) SELECT member_pk FROM member",
        corp_pk,
        f"woP{number}",
        [each.kind for each in told],
        [each.account_id for each in told],
    )
    return MemberPk(row["member_pk"])

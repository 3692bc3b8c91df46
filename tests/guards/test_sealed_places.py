"""Whatever is sealed by SECRET_KEYS has a place that a rotation looks at."""

import ast

from store.retention.rotation import SEALED
from tests.guards.source import PRODUCT, calls, modules

# Not a column: workers of store.retention.spill_rotation look at it.
SPILL = "spill"
# Not a column either: a ring of a week, of which what no key opens is left out.
REFUSED = "refused"
# Who seals by SECRET_KEYS, and where what they sealed comes to lie.
WRITERS = {
    "receiver/items.py": {"inbox.body"},
    "receiver/posts.py": {"inbox.body"},
    "store/installs/intents.py": {"inbox.body"},
    "store/intake/refused.py": {REFUSED},
    "store/intake/spill.py": {SPILL},
    "store/oidc/sealed_keys.py": {"oidc_keys.sealed"},
    "store/platform/tickets.py": {"suite_tickets.ticket"},
    "store/items/changes.py": {"item_changes.sealed"},
    "store/items/states.py": {"items.sealed"},
    "workers/items/recheck.py": {"inbox.body"},
    "web/account/items/open_items.py": {"member_sessions.tapd_token"},
    "store/org/companies.py": {"companies.event_secret"},
    "store/platform/app_keys.py": {"app_keys.sealed"},
    "store/platform/tokens.py": {"tokens.token"},
    # In a cookie of an hour and twenty minutes: who lost the key begins anew.
    "web/sessions/way_cookies.py": set[str](),
    # In Redis for an hour at most: what no key opens is asked for again.
    "web/sessions/open_items_cache.py": set[str](),
    "workers/installs/codes.py": {"corps.permanent_code", "corps.data_key"},
}
# They seal again what others have sealed, or by a corp's own data key.
OTHERS = {
    "store/retention/rotation.py",
    "store/retention/spill_rotation.py",
    "store/sealing.py",
}


def writers() -> set[str]:
    """The modules that seal something and say for which place."""
    return {
        module.path
        for module in modules(*PRODUCT)
        for call in calls(module.tree, "seal")
        if any(keyword.arg == "place" for keyword in call.keywords)
    }


def test_everything_that_is_sealed_is_known_by_where_it_lies() -> None:
    assert writers() - OTHERS == WRITERS.keys()


def test_a_rotation_looks_at_every_place_and_at_nothing_else() -> None:
    places = set[str]().union(*WRITERS.values())

    assert places == {SPILL, REFUSED} | {each.name for each in SEALED}


def test_the_guard_sees_a_seal_under_any_name() -> None:
    tree = ast.parse(
        "ring.seal(b'', place='x')\nseal(b'', place='y')\ndata_key.seal({})"
    )

    found = [call for call in calls(tree, "seal") if call.keywords]

    assert len(found) == 2

"""An account is shown so that its owner knows it again, and nobody else."""

import pytest

from domain.ids import AccountId
from store.links.views import AccountView
from web.account.masking import mask_id, mask_name, masked_account


def test_what_is_known_is_masked_and_the_rest_left_out() -> None:
    account = AccountView(
        account_id=AccountId("1155000001"), nick="张伟伟", mobile="13812345678"
    )

    shown = masked_account(account)

    assert shown is not None
    assert (shown.name, shown.mobile, shown.email, shown.account_id) == (
        "张**",
        "138****5678",
        None,
        "…0001",
    )


def test_no_account_is_none() -> None:
    assert masked_account(None) is None


@pytest.mark.parametrize("name", ["张", "张伟", "张伟伟伟伟"])
def test_a_mask_does_not_tell_how_long_a_name_is(name: str) -> None:
    assert mask_name(name) == "张**"


@pytest.mark.parametrize(
    ("given", "shown"), [("1155000001", "…0001"), ("1234567", "…7")]
)
def test_a_short_id_shows_less_of_itself(given: str, shown: str) -> None:
    assert mask_id(given) == shown


def test_an_account_says_nothing_personal_of_itself() -> None:
    account = AccountView(account_id=AccountId("1"), nick="张", mobile="13812345678")

    assert "张" not in repr(account)
    assert "138" not in repr(account)

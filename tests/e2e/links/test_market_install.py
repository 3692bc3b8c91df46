"""Install from the WeCom market: the company ends linked and shown as it is."""

from tests.e2e.office import Install


def test_a_company_that_installs_from_the_market_is_linked_and_in_step(
    install: Install,
) -> None:
    office = install()

    corp = office.read()
    assert corp["state"] == "linked"
    assert corp["company_id"]

"""Whatever becomes of an install, its pages have words for it, in both languages."""

import pytest

from store.summaries.installs import Counts
from texts.catalogue import LANGUAGES, catalogue
from web.install.intent_pages import EDITIONS
from web.install.progress import MENDABLE, Stage
from web.install.stops import Stop
from web.install.words import ending_of
from workers.installs import codes, company, exchange

REASONS = {
    codes.CODE_SPENT,
    codes.FOREIGN_CODE,
    exchange.WITHDRAWN,
    company.CORP_LINKED,
    company.COMPANY_LINKED,
    company.INSTALLER_OUTSIDE,
    company.INSTALLER_UNPROVEN,
}
WHAT_DO = ("what", "do")
TITLE_TEXT = ("title", "text")


@pytest.mark.parametrize("tag", LANGUAGES)
def test_there_are_words_for_every_end_stop_and_stage(tag: str) -> None:
    wanted = {f"install.reason.{each}.{part}" for each in REASONS for part in WHAT_DO}
    wanted |= {f"install.stop.{each}.{part}" for each in Stop for part in TITLE_TEXT}
    wanted |= {f"install.stage.{each}.title" for each in Stage}
    wanted |= {f"install.edition.{each}" for each in EDITIONS}

    assert wanted - catalogue(tag).keys() == set()


def test_only_what_an_admin_can_mend_is_offered_to_be_decided_again() -> None:
    assert {company.INSTALLER_OUTSIDE, company.COMPANY_LINKED} == MENDABLE
    assert MENDABLE < REASONS


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (Counts(), "可见范围内没有任何人"),
        (Counts(members=3, linked=2, created=1), "全部 3 名成员现在可以使用 TAPD"),
        (Counts(members=1, linked=1), "唯一的成员"),
        (
            Counts(members=1200, linked=1000, asked=150, conflicts=50),
            "1,200 名成员中有 1,000 名现在可以使用 TAPD；150 名将通过",
        ),
        (Counts(members=2, looked_up=1, unlinked=1), "0 名现在可以使用 TAPD；1 名仍在"),
    ],
)
def test_the_ending_says_who_can_use_tapd_and_who_cannot_yet(
    counts: Counts, said: str
) -> None:
    assert said in ending_of(counts)

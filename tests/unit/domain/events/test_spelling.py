"""A spelling leads to how WeCom spells the person now."""

from domain.events.spelling import learn, spelt
from domain.ids import Userid

THIRD, FORMER, PRESENT = Userid("WOA"), Userid("woA"), Userid("WoA")


def test_a_third_spelling_leads_over_the_former_one_to_the_present_one() -> None:
    spellings = {THIRD: FORMER}

    learn(spellings, asked=FORMER, told=PRESENT)

    assert {spelt(each, spellings) for each in (THIRD, FORMER, PRESENT)} == {PRESENT}


def test_what_wecom_spells_is_another_spelling_of_nobody() -> None:
    spellings = {THIRD: FORMER, FORMER: PRESENT}

    learn(spellings, asked=PRESENT, told=FORMER)

    assert {spelt(each, spellings) for each in (THIRD, FORMER, PRESENT)} == {FORMER}


def test_spellings_that_lead_to_each_other_come_to_an_end() -> None:
    spellings = {FORMER: PRESENT, PRESENT: FORMER}

    assert {spelt(each, spellings) for each in spellings} == {FORMER, PRESENT}

"""Tends to the cards about held plans: asks the admins, and tells how it ended."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

from domain.ids import Userid
from store.database import Connection
from store.items import answers
from store.items.answers import ItemAnswer
from store.notices import cards
from store.org.corps import Corp
from wecom.errors import Refused, WeComError
from wecom.messages import CardUpdate, Message, addressed, with_new_card
from workers.items.cards import muted_card, muted_text
from workers.notices.admins import managing_admins
from workers.notices.texts import decided_card, refused_card
from workers.runtime import Runtime

# Where an admin sees what the app does in their company.
_COMPANY_PAGE = "/company/"
_PREFERENCES_PAGE = "/me/preferences"

Writing = Callable[[], AbstractContextManager[Connection]]

_log = logging.getLogger(__name__)


def tend_cards(runtime: Runtime, corp: Corp, *, writing: Writing) -> bool:
    """Do one thing that a card of this corp needs; False when none needs any.

    Raises: WeComError when WeCom does not answer; it is done again later.
    """
    return (
        _ask_admins(runtime, corp, writing)
        or _tell_all(runtime, corp, writing)
        or _tell_one(runtime, corp, writing)
        or _show_muted(runtime, corp, writing)
    )


def _ask_admins(runtime: Runtime, corp: Corp, writing: Writing) -> bool:
    with writing() as connection:
        plan_ids = cards.list_unasked(connection, corp.corp_pk)
    if not plan_ids:
        return False
    admins = managing_admins(runtime.corp_api(corp))
    with writing() as connection:
        cards.queue_cards(
            connection, corp.corp_pk, plan_ids=plan_ids, userids=sorted(admins)
        )
    return True


def _tell_all(runtime: Runtime, corp: Corp, writing: Writing) -> bool:
    """Everybody who got the card sees what was decided, and by whom."""
    with writing() as connection:
        key = runtime.data_key(corp)
        card = cards.find_open(connection, corp.corp_pk, data_key=key)
        if card is None:
            return False
        facts = cards.get_facts(connection, card.plan_id)
    if card.response_code is not None and card.userids:
        message = decided_card(facts, url=_page(runtime))
        _update(runtime, corp, message, card.response_code, *card.userids)
    with writing() as connection:
        cards.close_card(connection, card.batch_id)
    return True


def _tell_one(runtime: Runtime, corp: Corp, writing: Writing) -> bool:
    """Whoever pressed in vain sees why."""
    with writing() as connection:
        key = runtime.data_key(corp)
        answer = cards.find_answer(connection, corp.corp_pk, data_key=key)
        if answer is None:
            return False
        facts = cards.get_facts(connection, answer.plan_id)
    message = (
        decided_card(facts, url=_page(runtime))
        if answer.said == cards.DECIDED
        else refused_card(url=_page(runtime))
    )
    _update(runtime, corp, message, answer.response_code, answer.userid)
    with writing() as connection:
        cards.drop_answer(connection, corp.corp_pk, answer.answer_id)
    return True


def _show_muted(runtime: Runtime, corp: Corp, writing: Writing) -> bool:
    """Whoever muted something by a card's button sees so on that card."""
    with writing() as connection:
        key = runtime.data_key(corp)
        answer = answers.find_item_answer(connection, corp.corp_pk, data_key=key)
    if answer is None:
        return False
    message = muted_card(
        answer.said,
        answer.kind,
        title=answer.title,
        language=answer.language,
        url=f"{runtime.settings.public_url}{_PREFERENCES_PAGE}",
    )
    shown = _update(runtime, corp, message, answer.response_code, answer.userid)
    with writing() as connection:
        answers.drop_item_answer(connection, corp.corp_pk, answer.answer_id)
    if not shown:
        _say_muted(runtime, corp, answer)
    return True


def _say_muted(runtime: Runtime, corp: Corp, answer: ItemAnswer) -> None:
    """The card cannot be changed any more: a message of its own says so, once."""
    message = muted_text(
        answer.said,
        answer.kind,
        title=answer.title,
        language=answer.language,
        url=f"{runtime.settings.public_url}{_PREFERENCES_PAGE}",
    )
    body = addressed(message, agent_id=corp.agent_id or 0, userids=[answer.userid])
    try:
        runtime.corp_api(corp).send(body)
    except WeComError as error:
        # It is muted all the same; a repeat could arrive twice.
        extra = {"corp_pk": corp.corp_pk, "error": str(error)}
        _log.info("muting not told", extra=extra)


def _update(
    runtime: Runtime, corp: Corp, message: Message, code: str, *userids: Userid
) -> bool:
    """Change a card; whether that was still possible."""
    update = CardUpdate(
        agent_id=corp.agent_id or 0, userids=userids, response_code=code
    )
    try:
        runtime.corp_api(corp).update_card(with_new_card(update, message))
    except Refused as refusal:
        # The code was used up, or is too old: the card stays as it is.
        extra = {"corp_pk": corp.corp_pk, "error": str(refusal)}
        _log.info("card not changed", extra=extra)
        return False
    return True


def _page(runtime: Runtime) -> str:
    return f"{runtime.settings.public_url}{_COMPANY_PAGE}"

"""Every callback that WeCom documents is taken by somebody, or ignored for a reason."""

import ast
import re

from tests.guards.source import modules, modules_at
from wecom.events import Family
from wecom.kinds import BARRIERS, EVENTS, Treatment
from workers.inbox import corp_mail

# Source: WeCom 90628, 90639, 90640, 90641, 93373, 94758, 95038, 97378, 98959, 100964.
COMMANDS = """
    suite_ticket create_auth change_auth cancel_auth reset_permanent_code
    share_agent_change share_chain_change corp_arch_auth approve_special_auth
    cancel_special_auth change_external_contact change_external_chat
    change_external_tag open_order change_order pay_for_app_success refund
    change_editon
"""
CHANGES = """
    create_user update_user delete_user create_party update_party delete_party
    update_tag
"""
# Source: WeCom 95716, 95994, 90585, 91875.
SYSTEM = """
    register_corp auto_activate license_pay_success license_refund batch_job_result
    agree_external_userid_migration
"""
# Source: WeCom 90376, 91135, 95716.
DATA = """
    subscribe unsubscribe enter_agent batch_job_result change_app_admin
    unlicensed_notify template_card_event template_card_menu_event inactive_alert
    low_active_alert close_inactive_agent reopen_inactive_agent low_active
    active_restored share_agent_change share_chain_change click view view_miniprogram
    scancode_push scancode_waitmsg pic_sysphoto pic_photo_or_album pic_weixin
    location_select LOCATION open_approval_change
"""
DOCUMENTED = [
    *((Family.COMMAND, kind, None) for kind in COMMANDS.split()),
    *((Family.COMMAND, "change_contact", change) for change in CHANGES.split()),
    *((Family.SYSTEM, kind, None) for kind in SYSTEM.split()),
    *((Family.DATA, kind, None) for kind in DATA.split()),
]

# Whose code decides what becomes of a kind of mail.
TAKERS = modules("workers") + modules_at("domain/events/fold.py", "receiver/posts.py")
# Their mail lies in the mailbox of its code, which has one handler for all of it.
CODES = {"create_auth", "reset_permanent_code"}


def kinds(treatment: Treatment) -> set[str]:
    return {
        kind for (_, kind, _), rule in EVENTS.items() if rule.treatment is treatment
    }


def named_by_takers() -> set[str]:
    """Every kind that they name, as a text or as the class of what it carries."""
    nodes = [node for module in TAKERS for node in ast.walk(module.tree)]
    said = {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    classes = {node.id for node in nodes if isinstance(node, ast.Name)}
    return said | {re.sub(r"(?<!^)(?=[A-Z])", "_", each).lower() for each in classes}


def test_every_documented_callback_is_in_the_one_table() -> None:
    missing = [each for each in DOCUMENTED if each not in EVENTS]

    assert missing == []


def test_the_table_holds_no_callback_that_nobody_documents() -> None:
    invented = EVENTS.keys() - set(DOCUMENTED)

    assert invented == set()


def test_every_callback_has_its_reason() -> None:
    silent = [each for each, rule in EVENTS.items() if len(rule.reason) < 8]

    assert silent == []


def test_every_handled_callback_is_taken_by_receiver_or_workers() -> None:
    # Whatever is a barrier in a corp's mailbox is passed by opening a run.
    untaken = kinds(Treatment.HANDLED) - named_by_takers() - BARRIERS

    assert untaken == set()


def test_what_lets_later_mail_wait_is_passed_by_a_worker() -> None:
    passed = {"change_auth", "corp_arch_auth", corp_mail.CANCEL}

    assert passed == BARRIERS - CODES
    assert kinds(Treatment.HANDLED) >= BARRIERS

"""The forms in which a member's details are compared with those of accounts."""

from domain.accounts import fold_email
from domain.org import Member
from store.mobiles import find_e164


def match_mobile(member: Member) -> str | None:
    """The mobile in E.164; what is no mobile counts as not visible.

    Shape: None when not visible, empty when shown as none.
    """
    shown = dict(member.details).get("mobile")
    return find_e164(shown) if shown else shown


def match_email(member: Member) -> str | None:
    """The e-mail folded; the corp's own counts where no other is shown.

    Shape: None when not visible, empty when shown as none.
    """
    details = dict(member.details)
    shown = details.get("email") or details.get("biz_mail")
    return fold_email(shown) if shown else details.get("email", shown)

"""The forms in which a member's details are compared with those of accounts."""

from domain.links.accounts import fold_email
from domain.org.org import Member
from store.mobiles import find_e164


def match_mobile(member: Member) -> str | None:
    """The mobile in E.164; what is no mobile counts as not visible.

    Shape: None when not visible, empty when shown as none.
    """
    shown = _detail(member, "mobile")
    return find_e164(shown) if shown else shown


def match_email(member: Member) -> str | None:
    """The e-mail folded; the corp's own counts where no other is shown.

    Shape: None when not visible, empty when shown as none.
    """
    own, of_corp = _detail(member, "email"), _detail(member, "biz_mail")
    shown = own or of_corp
    return fold_email(shown) if shown else of_corp if own is None else own


def _detail(member: Member, name: str) -> str | None:
    # Looked for: most people show few details, and a dict of them is made of each.
    for each, value in member.details:
        if each == name:
            return value
    return None

"""A TAPD company whose people are more or less those of a WeCom corp."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice

from simulator.org.corp import Corp
from simulator.org.directory import Member, Status
from simulator.tapd.people import Account, Company, Tapd

OTHER_MOBILE = "188{:08d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """One member of the corp and the accounts that were made after them."""

    userid: str
    kind: str
    accounts: tuple[Account, ...]


def resemble(
    tapd: Tapd, company: Company, corp: Corp, *, counts: Mapping[str, int], at: float
) -> list[Likeness]:
    """Put accounts into a company after the active members of a corp.

    Shape: `counts` by kind: `same_mobile` (and e-mail), `twice` for two accounts of
    one mobile, `same_email` with another mobile, `namesake` with neither. Whoever is
    left over is not in TAPD. The installer comes first, and the first is the admin.
    """
    active = [m for m in corp.now.members.values() if m.status is Status.ACTIVE]
    people = iter(sorted(active, key=lambda one: one.userid != corp.installer))
    made = [
        Likeness(userid=one.userid, kind=kind, accounts=make(tapd, one))
        for kind, make in KINDS.items()
        for one in islice(people, counts.get(kind, 0))
    ]
    for one in made:
        for account in one.accounts:
            tapd.join(company, account, at=at, admin=not company.admins)
    return made


def _same_mobile(tapd: Tapd, member: Member) -> tuple[Account, ...]:
    return (_register(tapd, member, mobile=member.mobile, email=member.email),)


def _twice(tapd: Tapd, member: Member) -> tuple[Account, ...]:
    first = _register(tapd, member, mobile=member.mobile, email=member.email)
    return first, _register(tapd, member, mobile=member.mobile, email=_email(tapd))


def _same_email(tapd: Tapd, member: Member) -> tuple[Account, ...]:
    return (_register(tapd, member, mobile=_mobile(tapd), email=member.email),)


def _namesake(tapd: Tapd, member: Member) -> tuple[Account, ...]:
    return (_register(tapd, member, mobile=_mobile(tapd), email=_email(tapd)),)


def _register(tapd: Tapd, member: Member, *, mobile: str, email: str) -> Account:
    return tapd.register(
        nick=tapd.unused_nick(member.name),
        name=member.name,
        mobile=mobile,
        email=email,
    )


def _mobile(tapd: Tapd) -> str:
    return OTHER_MOBILE.format(len(tapd.accounts))


def _email(tapd: Tapd) -> str:
    return f"someone{len(tapd.accounts)}@example.org"


KINDS: dict[str, Callable[[Tapd, Member], tuple[Account, ...]]] = {
    "same_mobile": _same_mobile,
    "twice": _twice,
    "same_email": _same_email,
    "namesake": _namesake,
}

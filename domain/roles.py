"""What operators may do: each role may do whatever those before it may."""

from enum import StrEnum


class Role(StrEnum):
    """Who looks, who acts, who says who may; in this order."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def may(self, needed: "Role") -> bool:
        """Whether this role is enough where `needed` is asked for."""
        return _RANK[self] >= _RANK[needed]


def highest(names: list[str]) -> Role | None:
    """The most that any of these names gives; names of other things give nothing."""
    known = [role for role in Role if role.value in names]
    return known[-1] if known else None


_RANK = {role: rank for rank, role in enumerate(Role)}

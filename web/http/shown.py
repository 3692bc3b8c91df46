"""An answer from a row of the store: the fields that both have, and what differs."""

from typing import TypeVar

from pydantic import BaseModel

Shown = TypeVar("Shown", bound=BaseModel)


def show_row(model: type[Shown], row: object, **others: object) -> Shown:
    """The answer; a field that is not among the others is the row's of that name.

    Raises: AttributeError, ValidationError when the row is not what the API promises.
    """
    same = {name: getattr(row, name) for name in model.model_fields.keys() - others}
    return model.model_validate(same | others)

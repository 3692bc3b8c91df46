"""What an answer takes from a row of the store."""

from dataclasses import dataclass
from typing import Literal

import pytest
from pydantic import BaseModel, ValidationError

from web.http.shown import show_row


class Cat(BaseModel):
    name: str
    mood: Literal["fine", "hungry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    name: str = "Mimi"
    mood: str = "fine"
    secret: str = "never shown"


def test_what_both_have_is_the_rows_and_nothing_else_is_shown() -> None:
    assert show_row(Cat, Row()).model_dump() == {"name": "Mimi", "mood": "fine"}


def test_what_is_given_beside_the_row_stands_before_it() -> None:
    assert show_row(Cat, Row(), mood="hungry").mood == "hungry"


def test_a_state_that_is_not_promised_is_refused() -> None:
    with pytest.raises(ValidationError):
        show_row(Cat, Row(mood="asleep"))


def test_a_field_that_the_row_lacks_is_missed() -> None:
    with pytest.raises(AttributeError, match="mood"):
        show_row(Cat, Cat.model_construct(name="Mimi"))

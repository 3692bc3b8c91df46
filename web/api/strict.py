"""Types of what stands in addresses: read as written, not as it might be meant."""

import datetime
import re
from typing import Annotated

from pydantic import BeforeValidator

_WHOLE = re.compile(r"[0-9]{1,18}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _check_whole(value: object) -> object:
    # Pydantic takes "5.0", " 5" and "5_0" for five, too.
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise ValueError("must be a whole number, written in digits alone")
    return value


def _check_day(value: object) -> object:
    # A bare number would be taken for seconds since 1970, a time for its day.
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("must be a day, like 2026-01-05")
    return value


WholeNumber = Annotated[int, BeforeValidator(_check_whole)]
Day = Annotated[datetime.date, BeforeValidator(_check_day)]

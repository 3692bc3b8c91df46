"""One fresh enterprise per test."""

import pytest

from tests.unit.simulator.staging import Stage, make_stage


@pytest.fixture
def stage() -> Stage:
    return make_stage()

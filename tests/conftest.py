"""What the tests share."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.spark_month import month
from tests.spark_session import spark

__all__ = ["ROOT", "SHARED", "month", "shared", "spark"]

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

# How long anything takes is no matter of tests: a machine may be busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real traffic and vendors' pages, or skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("no folder of real traffic beside the project")
    return SHARED

"""What every test stands on: one language, no display, and Hypothesis without a stopwatch."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

# Before simkaohe or matplotlib is imported, here and in every process that a test starts.
os.environ["SIMKAOHE_LANGUAGE"] = "en"
os.environ["MPLBACKEND"] = "agg"

import pytest
from hypothesis import settings

from simkaohe import labels

settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """Give the next test the language it expects, and no open figures."""
    yield
    labels.use_language("en")
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start one browser for a file of tests."""
    from browser import chrome

    with chrome() as started:
        yield started

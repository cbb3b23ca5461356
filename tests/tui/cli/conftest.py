"""What the tests of the command line share."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """Results without a run, as the tests of ``acceptance`` make them."""
    path = Path(__file__).parents[2] / "acceptance" / "made_results.py"
    spec = importlib.util.spec_from_file_location("made_results_for_cli", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

from __future__ import annotations

import subprocess
import sys

import pytest


def _loaded_by(*modules: str) -> set[str]:
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "modules",
    [
        ("api_client.models", "api_client.errors", "api_client.server_url"),
        (
            "api_client.events",
            "api_client.session_update",
            "api_client.close_codes",
            "api_client.error_codes",
        ),
    ],
)
def test_values_load_without_the_network_libraries(modules: tuple[str, ...]) -> None:
    assert not _loaded_by(*modules) & {"httpx", "websockets", "ssl", "asyncio"}


def test_the_clients_load_nothing_of_the_screen() -> None:
    loaded = _loaded_by("api_client.rest", "api_client.realtime")
    assert {"httpx", "websockets"} <= loaded
    assert not loaded & {"rich", "click", "pygments", "textual", "numpy"}


def test_httpx_itself_is_left_as_it_was() -> None:
    code = "import api_client.rest, httpx._main; print(httpx._main.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "httpx._main"

"""A real server in a subprocess, and the upstream it relays to in a thread of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.backend.spin.fake_upstream import Upstream
from tests.backend.spin.running_server import Account, Server


@pytest.fixture(scope="module")
def module_upstream() -> Iterator[Upstream]:
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture
def upstream(module_upstream: Upstream) -> Iterator[Upstream]:
    module_upstream.reset()
    yield module_upstream
    module_upstream.reset()


@pytest.fixture(scope="module")
def server(module_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"), module_upstream.url)
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture(scope="module")
def admin(server: Server) -> Account:
    return server.log_in()


@pytest.fixture(scope="module")
def start_server(
    module_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Server]]:
    """Further servers, with environments of their own."""
    servers: list[Server] = []

    def start(upstream: str = module_upstream.url, **environment: str) -> Server:
        servers.append(Server(tmp_path_factory.mktemp("server"), upstream, **environment))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()

"""What stands where AWS and Redis would be while `--quick` runs: it notes who calls, and hangs up.

Nothing else would tell. A wake-up that doesn't reach Redis is one line in the log, on purpose: a test that wakes a
worker without wanting to would pass, and nobody would know that it needs more than it asks for. Processes that a test
starts find the same doors, since they look into the same folder.
"""

import os
import socketserver
import threading
from collections.abc import Generator

import pytest

from config.embedded import processes, services

LEFT_OUT = [service for service in services.BACKING if service.name != "postgres"]


class Absent:
    """A plugin: the doors, and after each step of a test the question whether somebody knocked or was started."""

    def __init__(self) -> None:
        self.called: list[str] = []
        for service in LEFT_OUT:
            for variable in service.variables:
                os.environ.pop(variable, None)  # nor is one elsewhere used
            self._open_door(service.name)

    def _open_door(self, name: str) -> None:
        called = self.called

        class Note(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                called.append(name)  # before the connection ends, which is when the caller goes on

        server = socketserver.TCPServer(("127.0.0.1", 0), Note)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        processes.remember(name, port=server.server_address[1], password="")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, None, None]:
        yield
        self._nobody_was_needed()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, None, None]:
        yield
        self._nobody_was_needed()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, None, None]:
        yield
        self._nobody_was_needed()

    def _nobody_was_needed(self) -> None:
        """Fail the test that needs more than it asks for."""
        called = sorted(set(self.called))
        self.called.clear()
        started = [service.name for service in LEFT_OUT if processes.running_process(service.name)]
        services.stop(started)
        if called or started:
            what = [f"called {', '.join(called)}"] * bool(called) + [f"started {', '.join(started)}"] * bool(started)
            pytest.fail(
                f"The test {' and '.join(what)}: it must ask for a fixture of MORE_THAN_POSTGRESQL", pytrace=False
            )

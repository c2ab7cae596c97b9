"""A real server on a real socket, with handlers that a test provides."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyminidocker.api.router import Route, Router
from pyminidocker.api.server import Server
from pyminidocker.client.engine_client import EngineClient


class ServerThread:
    """Runs a Server on its own event loop."""

    def __init__(self, routes: list[Route], path: str, engine: object) -> None:
        self.path = path
        self.loop = asyncio.new_event_loop()
        self.server = Server(engine, Router(routes))
        self._endpoint = self.loop.run_until_complete(
            self.loop.create_unix_server(self.server, path)
        )
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self.client = EngineClient(f"unix://{path}")

    def connections(self) -> int:
        """How many clients the server still knows."""
        return len(self.server.connections)

    def close(self) -> None:
        self.client.close()

        async def end() -> None:
            self._endpoint.close()
            self.server.close()
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., ServerThread]]:
    """Return a function that serves a list of routes and gives back the ServerThread."""
    started: list[ServerThread] = []

    def start(routes: list[Route], engine: object = None) -> ServerThread:
        thread = ServerThread(routes, str(tmp_path / f"{len(started)}.sock"), engine)
        started.append(thread)
        return thread

    yield start
    for thread in started:
        thread.close()

"""Judges: Docker's own clients on our socket."""

import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Result = subprocess.CompletedProcess[str]


@pytest.fixture
def docker_environment(engine: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the docker command talks to the test's engine."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "DOCKER_HOST": f"unix://{engine.api.socket_path}",
        "DOCKER_CONFIG": str(tmp_path_factory.mktemp("docker-config")),
        "DOCKER_BUILDKIT": "0",
    }


@pytest.fixture
def docker(docker_environment: dict[str, str]) -> Callable[..., Result]:
    """Return a function that runs ``docker ...`` and returns the finished process."""

    def run(*words: str, stdin: str = "", **environment: str) -> Result:
        return subprocess.run(
            ["docker", *words],
            env={**docker_environment, **environment},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.fixture
def box(docker: Callable[..., Result]) -> Iterator[str]:
    """A container named ``box`` that sleeps."""
    assert docker("run", "-d", "--name", "box", "busybox", "sleep", "600").returncode == 0
    yield "box"
    docker("rm", "-f", "-v", "box")


@pytest.fixture
def sdk(engine: Any) -> Iterator[Any]:
    """docker-py's client."""
    docker_py = pytest.importorskip("docker")
    client = docker_py.DockerClient(base_url=f"unix://{engine.api.socket_path}")
    yield client
    client.close()

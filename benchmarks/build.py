"""Builds beside Docker's: ``python -m benchmarks.build [quick]``.

The same Dockerfile of six steps, in the same context, by our API and docker-py's classic build, and
by whole processes; cold (nothing cached, two RUNs really run) and cached.
"""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

from benchmarks import peers
from benchmarks.measure import in_turn, show
from benchmarks.private import (
    CHECKOUT,
    describe_machine,
    private_engine,
    private_home,
    root_archive,
)

QUICK = "quick" in sys.argv[1:]
COLD, CACHED = (5, 20) if QUICK else (15, 60)
DOCKERFILE = """FROM busybox
WORKDIR /app
COPY . .
RUN wc -l app/* > lines
RUN mkdir -p /var/made && echo made > /var/made/here
CMD ["cat", "lines"]
"""


def project(home: Path) -> Path:
    """Write the context: 60 small files."""
    directory = home / "project"
    (directory / "app").mkdir(parents=True)
    (directory / "Dockerfile").write_text(DOCKERFILE)
    for number in range(60):
        (directory / f"app/module_{number}.py").write_text(f"print({number})\n" * 50)
    return directory


def packed(directory: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(directory, ".")
    return buffer.getvalue()


def by_api(engine, context: bytes, *, cold: bool) -> None:
    records = list(engine.api.build(context, {"nocache": cold}, tags=["bench"]))
    assert "Built" in records[-1], records[-1]


def by_docker_py(client, context: bytes, *, cold: bool) -> None:
    lines = list(
        client.api.build(
            fileobj=io.BytesIO(context), custom_context=True, nocache=cold, tag="bench", rm=True
        )
    )
    assert b"Successfully tagged" in lines[-1], lines[-1]


def main() -> None:
    """Measure on a private engine and a private dockerd."""
    print(f"{describe_machine()}; n and medians as shown")
    with private_home() as home, private_engine("busybox") as engine:
        directory = project(home)
        context = packed(directory)
        archive = root_archive(engine, home / "rootfs.tar")
        with peers.dockerd(archive) as docker_host:
            jobs = {"ours: API": lambda cold: by_api(engine, context, cold=cold)}
            minidocker = str(CHECKOUT / "tools/minidocker")
            processes = {
                "minidocker build": [minidocker, "build", "-t", "bench", str(directory)],
            }
            if docker_host:
                import docker

                client = docker.DockerClient(docker_host)
                jobs["docker API, classic"] = lambda cold: by_docker_py(client, context, cold=cold)
                command = ["docker", "-H", docker_host, "build", "-t", "bench", str(directory)]
                processes["docker build, classic"] = ["env", "DOCKER_BUILDKIT=0", *command]
                kit = ["env", "DOCKER_BUILDKIT=1", *command]
                if subprocess.run(kit, check=False, **peers.QUIET).returncode == 0:
                    processes["docker build, BuildKit"] = kit
            compare("API", jobs, "ours: API")
            compare(
                "whole process",
                {
                    name: lambda cold, words=words: peers.call(
                        *words, *(["--no-cache"] if cold else [])
                    )
                    for name, words in processes.items()
                },
                "minidocker build",
            )


def compare(what: str, jobs, ours: str) -> None:
    """Show cold and cached builds of all."""
    for title, cold, rounds in (("cold", True, COLD), ("cached", False, CACHED)):
        calls = {name: lambda job=job, cold=cold: job(cold) for name, job in jobs.items()}
        show(f"Six steps, {title}, {what}", in_turn(calls, dict.fromkeys(calls, rounds)), ours)


if __name__ == "__main__":
    main()

"""Other people's engines and registries, private to a test, ended with it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.talker import P, until

Result = subprocess.CompletedProcess[str]
_QUIET = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}


class Judge:
    """A command with its environment.

    Args:
        words: how it begins.
        environment: on top of PATH and HOME.
    """

    def __init__(self, *words: str, **environment: str) -> None:
        self.words = words
        self.environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment}

    def __call__(self, *words: str, stdin: str | bytes = b"") -> Result:
        """Run it and return the finished process."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [*self.words, *words], env=self.environment, input=data, capture_output=True, timeout=60
        )
        out, errors = done.stdout.decode(), done.stderr.decode()
        return subprocess.CompletedProcess(done.args, done.returncode, out, errors)

    def ok(self, *words: str, stdin: str | bytes = b"") -> str:
        """Run it; it must succeed.  Returns its output."""
        done = self(*words, stdin=stdin)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def dockerd(home: Path, *options: str) -> Iterator[Judge]:
    """A Docker engine of its own (root only), as its command line; nothing stays of it.

    Args:
        home: a short directory for all it has, ``/tmp/j?-...``: by that name other processes'
            tests pass over its mounts (tests/support/leaks.py).
        options: further options of dockerd.
    """
    host = f"unix://{home}/docker.sock"
    program = shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin") or "dockerd"
    command = [program, "-H", host, "--data-root", f"{home}/data", "--exec-root", f"{home}/exec"]
    command += ["--pidfile", f"{home}/pid", "--iptables=false", "--bridge=none", *options]
    with Path(home, "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, start_new_session=True, **_QUIET)
    docker = Judge("docker", DOCKER_HOST=host, DOCKER_CONFIG=str(home), DOCKER_BUILDKIT="0")
    try:
        until(lambda: docker("version").returncode == 0 or process.poll() is not None, 30)
        assert process.poll() is None, Path(home, "log").read_text()[-2000:]
        yield docker
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def docker_registry(home: Path, root: Path, port: int = P + 390) -> Iterator[str]:
    """Docker's registry over the directory ``root``; yields its address.

    Args:
        home: for its configuration.
        root: the directory of its content.
        port: where it listens.
    """
    home.mkdir(exist_ok=True)
    config = home / "registry.yml"
    config.write_text(
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
        f"storage: {{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    with (home / "registry.log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", config], stdout=log, **_QUIET)
    try:
        until(lambda: _answers(port) or process.poll() is not None)
        assert process.poll() is None, (home / "registry.log").read_text()
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(10)


def _answers(port: int) -> bool:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status in (200, 401)
    except OSError:
        return False
    finally:
        connection.close()

"""What README tells people to type works as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.talker import P

CHECKOUT = Path(__file__).resolve().parent.parent.parent
README = (CHECKOUT / "README.md").read_text()


def shell(script: str) -> str:
    env = {**os.environ, "MINIDOCKER_PYTHON": sys.executable}
    run = subprocess.run(
        ["sh", "-euc", script], capture_output=True, text=True, timeout=60, env=env
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def block_with(words: str) -> str:
    """Return the indented block of README that contains ``words``."""
    blocks = re.findall(r"(?:^    .*\n)+", README, re.MULTILINE)
    found = [block for block in blocks if words in block]
    assert len(found) == 1, f"README has {len(found)} blocks with {words!r}"
    return found[0]


@pytest.mark.requires("docker-cli")
def test_docker_s_own_client(engine):
    assert shell(block_with("export DOCKER_HOST")) == "hello\n"


def test_the_terminal_s_first_command(engine):
    line = next(line for line in block_with("ps -a").splitlines() if "run --rm busybox" in line)
    assert shell(line) == "hello from a container\n"


def test_the_python_lines(engine):
    program = re.sub("^    ", "", block_with("import pyminidocker"), flags=re.MULTILINE)
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("hello\n\n", "")


def test_the_terminal_s_network_commands(engine):
    """As they stand, but for the port: on this machine 8080 may be somebody else's."""
    lines = [line for line in block_with("ps -a").splitlines() if " web" in line]
    assert len(lines) == 2, lines
    port = P + 98
    try:
        shell("\n".join(lines).replace("8080:", f"{port}:"))
        web = engine.container("web")
        assert set(web.attrs["NetworkSettings"]["Networks"]) == {"bridge", "team"}
        assert shell("minidocker port web 80 | head -n 1") == f"0.0.0.0:{port}\n"
        shown = next(line for line in block_with("ps -a").splitlines() if "topology" in line)
        assert "web" in shell(shown)
    finally:
        shell("minidocker rm -f web; minidocker network rm team")


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_links_lead_somewhere(target):
    assert (CHECKOUT / target).exists()

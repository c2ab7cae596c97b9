"""The two commands a newcomer types, from their own words in the Makefile."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = Path(sys.prefix)


def make(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", f"VENV={VENV}", f"PYTHON={sys.executable}", *words],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=120,
        env={**os.environ, "MAKEFLAGS": "", **env},
    )  # fmt: skip


@pytest.fixture
def set_up(tmp_path):
    """Whether this environment was made by `make`; a hand-made one is left alone."""
    if not (VENV / ".pyminidocker").exists():
        pytest.skip("the tests run in an environment that make did not make")


def test_make_alone_explains_itself():
    listed = make().stdout
    for target in ("lab", "test", "figures", "bench"):
        assert f"make {target}" in listed


@pytest.mark.usefixtures("set_up")
@pytest.mark.skipif(not os.access(CHECKOUT, os.W_OK), reason="make needs a writable checkout")
def test_set_up_does_nothing_the_second_time():
    began = time.monotonic()
    run = make("env-test")
    assert run.returncode == 0, run.stderr
    assert run.stdout == "", "the second set-up still did something"
    assert time.monotonic() - began < 5


@pytest.mark.usefixtures("set_up")
@pytest.mark.skipif(not os.access(CHECKOUT, os.W_OK), reason="make needs a writable checkout")
def test_lab_makes_images_and_opens_jupyterlab(shared_engine):
    run = make("lab", "LAB_ARGS=--version")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "busybox: " in run.stdout
    assert run.stdout.strip().splitlines()[-1][0].isdigit(), "JupyterLab did not say its version"


def test_an_old_python_is_refused_by_name(tmp_path):
    script = (CHECKOUT / "tools/setup_env.py").read_text().replace("(3, 11)", "(99, 0)", 1)
    (tmp_path / "setup_env.py").write_text(script)
    run = subprocess.run(
        [sys.executable, str(tmp_path / "setup_env.py"), "lab"], capture_output=True, text=True
    )
    assert run.returncode == 1
    assert "too old" in run.stderr
    assert "remedy:" in run.stderr


def test_readme_names_what_ci_runs():
    assert "exec make test" in (CHECKOUT / ".ci/run").read_text()
    assert "    make test\n" in (CHECKOUT / "README.md").read_text()

import os

import pytest

from pyminidocker.doctor import checkpoint


@pytest.fixture
def criu(tmp_path, monkeypatch):
    """Put a program of this name in front of all others."""

    def put(script):
        program = tmp_path / "criu"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return str(program)

    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return put


def test_its_first_error_is_the_reason(criu):
    path = criu('echo "Warn (x): no tun"; echo "Error (vdso.c:381): bounds" >&2; exit 1')
    found = checkpoint.try_criu()
    assert (found.path, found.works, found.said) == (path, False, "Error (vdso.c:381): bounds")
    why, instead = checkpoint.refusal()
    assert why.endswith("does not work on this host: Error (vdso.c:381): bounds")
    assert "pause" in instead


def test_it_is_asked_to_check(criu):
    criu('[ "$*" = check ] && echo "Looks good."')
    found = checkpoint.try_criu()
    assert found.works
    assert found.said == "Looks good."
    assert "children of the lab" in checkpoint.refusal()[0]


def test_without_it(monkeypatch):
    monkeypatch.setattr(checkpoint.shutil, "which", lambda *_, **__: None)
    assert checkpoint.refusal()[0].endswith("there is no program 'criu' on this host")


def test_one_that_says_nothing_and_one_that_hangs(criu, monkeypatch):
    criu("exit 3")
    assert checkpoint.try_criu().said == "nothing"
    criu("exec sleep 100")
    monkeypatch.setattr(checkpoint, "_PATIENCE_S", 0.1)
    assert "did not end within" in checkpoint.try_criu().said


def test_one_that_cannot_be_started(tmp_path, monkeypatch):
    (tmp_path / "criu").write_bytes(b"\x7fELF nonsense")
    (tmp_path / "criu").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = checkpoint.try_criu()
    assert not found.works
    assert found.said

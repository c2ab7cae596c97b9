"""Where state and sockets live, and whom a directory belongs to."""

import pytest

from pyminidocker import paths


@pytest.fixture(autouse=True)
def _clean(monkeypatch):
    for name in ("MINIDOCKER_ROOT", "MINIDOCKER_RUN", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)


def as_uid(monkeypatch, uid: int) -> None:
    monkeypatch.setattr("os.getuid", lambda: uid)


def test_an_ordinary_user_has_everything_under_home_and_run(monkeypatch, tmp_path):
    as_uid(monkeypatch, 1000)
    monkeypatch.setenv("HOME", "/home/ada")
    assert paths.state_root() == "/home/ada/.local/share/minidocker/default"
    assert paths.run_root("b") == "/tmp/minidocker-1000/b"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert paths.socket_path() == f"{tmp_path}/minidocker/default/minidocker.sock"


def test_root_uses_the_system_directories(monkeypatch):
    as_uid(monkeypatch, 0)
    assert paths.state_root("b") == "/var/lib/minidocker/b"
    assert paths.run_root() == "/run/minidocker/default"


def test_variables_move_both(monkeypatch):
    monkeypatch.setenv("MINIDOCKER_ROOT", "/x")
    monkeypatch.setenv("MINIDOCKER_RUN", "/y")
    assert paths.state_root("n") == "/x/n"
    assert paths.socket_path("n") == "/y/n/minidocker.sock"


def test_private_directories_are_0700_and_ours(tmp_path):
    made = paths.ensure_private(str(tmp_path / "a" / "b"))
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    assert paths.ensure_private(made) == made


def test_a_link_planted_in_our_place_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="is not a directory of uid"):
        paths.ensure_private(str(tmp_path / "run"))

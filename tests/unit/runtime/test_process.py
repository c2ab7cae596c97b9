import errno
import os

import pytest

from pyminidocker.kernel.libc import SyscallError
from pyminidocker.runtime.process import enter_directory, find_program
from pyminidocker.runtime.sync import Refusal


def test_path_is_searched_in_order(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tool").write_text("#!/bin/sh\n")
    (tmp_path / "b/tool").chmod(0o755)
    assert find_program("tool", f"/nowhere:{tmp_path}/a:{tmp_path}/b") == f"{tmp_path}/b/tool"
    (tmp_path / "a/tool").chmod(0o755)
    assert find_program("tool", f"{tmp_path}/a:{tmp_path}/b") == f"{tmp_path}/a/tool"


def test_a_directory_on_the_path_is_no_program(tmp_path):
    (tmp_path / "tool").mkdir()
    with pytest.raises(Refusal, match="executable file not found"):
        find_program("tool", str(tmp_path))


def test_no_path_at_all():
    with pytest.raises(Refusal, match="executable file not found"):
        find_program("sh-that-is-not-here", "")


def test_a_slash_skips_the_search(tmp_path):
    (tmp_path / "tool").write_text("")
    with pytest.raises(Refusal) as caught:
        find_program(f"{tmp_path}/tool", "/bin")
    assert caught.value.errno == errno.EACCES


def test_directories_are_made_on_the_way(tmp_path):
    here = os.getcwd()
    try:
        enter_directory(f"{tmp_path}/x/y", make=True)
        assert os.getcwd() == f"{tmp_path}/x/y"
        (tmp_path / "file").write_text("")
        with pytest.raises(SyscallError) as caught:
            enter_directory(f"{tmp_path}/file/z", make=True)
        assert caught.value.errno == errno.ENOTDIR
        with pytest.raises(Refusal, match="no such file or directory"):
            enter_directory(f"{tmp_path}/n", make=False)
        with pytest.raises(Refusal, match="Cwd must be an absolute path"):
            enter_directory("n", make=False)
        assert not (tmp_path / "n").exists()
    finally:
        os.chdir(here)

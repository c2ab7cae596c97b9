import os

import pytest

from pyminidocker.runtime.sync import Refusal
from pyminidocker.runtime.users import resolve


@pytest.fixture
def root(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\nbroken line\nbob:x:1000:1001::/home/bob:\n"
        "7:x:77:78::/seven:\n"
        "homeless:x:5:5:::\nletters:x:a:b::/:\n"
    )
    (tmp_path / "etc/group").write_text(
        "root:x:0:root\nwheel:x:10:bob,root\nbobs:x:1001:\nbroken\naudio:x:29:ann,bob\n"
    )
    return str(tmp_path)


@pytest.mark.parametrize(
    ("user", "uid", "gid", "groups", "home"),
    [
        ("", 0, 0, [0, 10], "/root"),
        ("root", 0, 0, [0, 10], "/root"),
        ("0", 0, 0, [0, 10], "/root"),
        ("bob", 1000, 1001, [1001, 10, 29], "/home/bob"),
        ("1000", 1000, 1001, [1001, 10, 29], "/home/bob"),
        ("bob:wheel", 1000, 10, [10], "/home/bob"),
        ("bob:5000", 1000, 5000, [5000], "/home/bob"),
        ("4711", 4711, 0, [0], "/"),
        ("7", 77, 78, [78], "/seven"),  # a name of digits is a name first
        ("homeless", 5, 5, [5], "/"),
    ],
)
def test_who(root, user, uid, gid, groups, home):
    identity = resolve(user, [], root)
    assert (identity.uid, identity.gid, identity.groups, identity.home) == (uid, gid, groups, home)


def test_additional_groups_once_each(root):
    assert resolve("bob", ["audio", "29", "1234"], root).groups == [1001, 10, 29, 1234]


@pytest.mark.parametrize(
    ("user", "groups", "message"),
    [
        ("ann", [], "unable to find user ann: no matching entries in passwd file"),
        ("letters", [], "unable to find user letters: no matching entries in passwd file"),
        ("bob:staff", [], "unable to find group staff: no matching entries in group file"),
        ("bob", ["staff"], "unable to find group staff: no matching entries in group file"),
        ("2147483648", [], "uids and gids must be in range 0-2147483647"),
    ],
)
def test_nobody(root, user, groups, message):
    with pytest.raises(Refusal) as caught:
        resolve(user, groups, root)
    assert str(caught.value) == message


def test_an_image_without_etc(tmp_path):
    assert resolve("12:34", [], str(tmp_path)).uid == 12


def test_a_fifo_instead_of_passwd_does_not_hang(tmp_path):
    (tmp_path / "etc").mkdir()
    os.mkfifo(tmp_path / "etc/passwd")
    assert resolve("", [], str(tmp_path)).uid == 0

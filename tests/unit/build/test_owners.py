"""--chown and --chmod."""

import os
import stat
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyminidocker.build.owners import Mode, parse_owner
from pyminidocker.errors import InvalidArgument
from tests.unit.build.conftest import entry, link

PASSWD = b"root:x:0:0::/:/bin/sh\n# note\napp:x:1000:1001::/:/bin/sh\nbad\nodd:x:notanumber:0\n"


@pytest.fixture
def image(world):
    world.image(entry("etc/passwd", PASSWD), entry("etc/group", b"root:x:0:\nstaff:x:50:\n"))
    return world.tree()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", (0, 0)),
        ("5", (5, 5)),
        ("5:6", (5, 6)),
        ("app", (1000, 1001)),
        ("app:staff", (1000, 50)),
        ("app:7", (1000, 7)),
        ("9:staff", (9, 50)),
        ("root:root", (0, 0)),
        ("4294967294", (4294967294, 4294967294)),
    ],
)
def test_owner(image, text, expected):
    assert parse_owner(text, image) == expected


@pytest.mark.parametrize("text", ["", ":", ":5", "app:", "a:b:c", "4294967295", "9" * 40])
def test_malformed_owner(image, text):
    with pytest.raises(InvalidArgument, match="invalid chown string format"):
        parse_owner(text, image)


def test_unknown_names_say_which_there_are(image):
    with pytest.raises(InvalidArgument, match="no such user: nobody") as caught:
        parse_owner("nobody", image)
    assert "root, app" in caught.value.hint
    with pytest.raises(InvalidArgument, match="no such group: wheel") as caught:
        parse_owner("app:wheel", image)
    assert "root, staff" in caught.value.hint
    with pytest.raises(InvalidArgument, match="no such user: odd"):
        parse_owner("odd", image)


def test_names_need_an_image(world):
    with pytest.raises(InvalidArgument, match="no such user: root") as caught:
        parse_owner("root", world.tree())
    assert "use a number" in caught.value.hint


def test_the_database_is_found_inside_the_image(world):
    world.image(link("etc", "/usr/share"), entry("usr/share/passwd", PASSWD))
    assert parse_owner("app", world.tree()) == (1000, 1001)


@pytest.mark.parametrize(
    ("text", "mode", "is_directory", "expected"),
    [
        ("755", 0o600, False, 0o755),
        ("0644", 0o4755, False, 0o644),
        ("4755", 0, False, 0o4755),
        ("0o750", 0, False, 0o750),
        ("+x", 0o644, False, 0o755),
        ("u=rwX,go=rX", 0o600, False, 0o644),
        ("u=rwX,go=rX", 0o700, True, 0o755),
        ("u=rwX,go=rX", 0o711, False, 0o755),
        ("go-rwx", 0o777, False, 0o700),
        ("g=u", 0o750, False, 0o770),
        ("a+rX", 0o600, True, 0o755),
        ("u+s", 0o755, False, 0o4755),
        ("g+s,+t", 0o755, True, 0o3755),
        ("u+x-w", 0o600, False, 0o500),
    ],
)
def test_mode(text, mode, is_directory, expected):
    assert Mode(text).apply(mode, is_directory=is_directory) == expected


@pytest.mark.parametrize("text", ["", "8", "99999", "u", "u+q", "rwx", "u+r,", "=,", "-", "755 "])
def test_malformed_mode(text):
    if text == "-":  # chmod(1) takes a sign without rights
        assert Mode(text).apply(0o644, is_directory=False) == 0o644
        return
    with pytest.raises(InvalidArgument, match="invalid chmod parameter"):
        Mode(text)


SYMBOLIC = st.builds(
    "{}{}{}".format,
    st.text("ugo", min_size=1, max_size=3),
    st.sampled_from("+-="),
    st.one_of(st.text("rwxX", max_size=4), st.sampled_from("ugo")),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(SYMBOLIC, min_size=1, max_size=3), st.integers(0, 0o777), st.booleans())
def test_as_chmod_does(tmp_path_factory, clauses, mode, is_directory):
    """coreutils' chmod is the judge."""
    text = ",".join(clauses)
    path = tmp_path_factory.mktemp("mode") / "it"
    path.mkdir() if is_directory else path.touch()
    path.chmod(mode)
    subprocess.run(["chmod", text, path], check=True, env={"PATH": os.environ["PATH"]})
    assert Mode(text).apply(mode, is_directory=is_directory) == stat.S_IMODE(path.stat().st_mode)
    path.chmod(0o700)

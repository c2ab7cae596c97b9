import errno
import os
import socket

import pytest

from pyminidocker.kernel import fd as fds
from pyminidocker.kernel.libc import SyscallError


def test_descriptors_travel_with_a_message():
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    read_fd, write_fd = os.pipe()
    with left, right:
        fds.send_with_fds(left, b"two", [read_fd, write_fd])
        os.close(read_fd)
        os.close(write_fd)
        message, received = fds.receive_with_fds(right)
        assert message == b"two"
        os.write(received[1], b"through")
        assert os.read(received[0], 100) == b"through"
        assert not any(os.get_inheritable(fd) for fd in received)
        for fd in received:
            os.close(fd)
        left.close()
        assert fds.receive_with_fds(right) == (b"", [])


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "outside").write_text("secret")
    (tmp_path / "root/etc/file").write_text("inside")
    (tmp_path / "root/up").symlink_to("../../../../etc/file")
    (tmp_path / "root/absolute").symlink_to("/etc/file")
    (tmp_path / "root/dangling").symlink_to("/etc/new/file")
    fd = os.open(tmp_path / "root", os.O_PATH | os.O_DIRECTORY)
    yield fd
    os.close(fd)


@pytest.mark.parametrize("path", ["/etc/file", "etc/file", "../../etc/file", "/up", "/absolute"])
def test_links_and_dots_end_at_the_root(root, path):
    fd = fds.open_in_root(root, path, os.O_RDONLY)
    assert os.read(fd, 100) == b"inside"
    os.close(fd)


def test_what_is_outside_is_not_there(root):
    with pytest.raises(SyscallError) as caught:
        fds.open_in_root(root, "/../outside", os.O_RDONLY)
    assert caught.value.errno == errno.ENOENT


@pytest.mark.parametrize("path", ["/new/deep/place", "/etc/sub", "/up/../etc/x"])
def test_directories_are_made_inside(root, tmp_path, path):
    if path.startswith("/up"):
        with pytest.raises(SyscallError):  # "up" is a file
            fds.make_in_root(root, path, is_dir=True)
        return
    os.close(fds.make_in_root(root, path, is_dir=True))
    assert (tmp_path / "root").joinpath(path[1:]).is_dir()


def test_files_are_made_inside(root, tmp_path):
    os.close(fds.make_in_root(root, "/a/b/c", is_dir=False))
    assert (tmp_path / "root/a/b/c").read_bytes() == b""


def test_the_wrong_kind_is_refused(root):
    for path, is_dir in (("/etc", False), ("/etc/file", True)):
        with pytest.raises(SyscallError) as caught:
            fds.make_in_root(root, path, is_dir=is_dir)
        assert (caught.value.errno, caught.value.path) == (errno.ENOTDIR, path)


def test_a_dangling_link_is_not_followed_out(root, tmp_path):
    with pytest.raises(SyscallError):
        fds.make_in_root(root, "/dangling", is_dir=False)
    assert not (tmp_path / "root/etc/new").exists()


def test_close_all_but():
    pid = os.fork()
    if pid == 0:
        keep = [os.open("/", os.O_PATH), os.dup(1), os.open("/", os.O_PATH)]
        os.dup2(keep[0], 100)
        fds.close_all_but([keep[0], keep[2]])
        listing = os.open("/proc/self/fd", os.O_RDONLY)
        found = {int(name) for name in os.listdir(listing)} - {listing}
        # Two descriptors of listdir's own come and go.
        os._exit(0 if {0, 1, 2, keep[0], keep[2]} <= found and 100 not in found else 1)
    assert os.waitpid(pid, 0)[1] == 0

import errno

import pytest

from pyminidocker.kernel import keys
from pyminidocker.kernel.libc import SyscallError


@pytest.mark.parametrize(
    ("number", "made"), [(0, True), (errno.EDQUOT, False), (errno.ENOSYS, False)]
)
def test_no_keyring_is_no_obstacle(monkeypatch, number, made):
    """A user has 200 keys, and a kernel may have none at all."""

    def answer(*_):
        if number:
            raise SyscallError("keyctl", number)

    monkeypatch.setattr(keys, "syscall", answer)
    assert keys.new_session_keyring() is made


def test_other_refusals_are_told(monkeypatch):
    def answer(*_):
        raise SyscallError("keyctl", errno.EPERM)

    monkeypatch.setattr(keys, "syscall", answer)
    with pytest.raises(SyscallError, match="keyctl"):
        keys.new_session_keyring()

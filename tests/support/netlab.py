"""A lab in miniature: a pretended real host, a lab, and containers that are only their network.

Everything is made of network namespaces of one forked child, so tests of network/ need neither the
engine nor root, and touch no address outside of what they make themselves.  The test's body
runs in that child; an exception in it comes back to pytest as text.
"""

import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from pyminidocker.kernel.constants import CLONE_NEWNET, CLONE_NEWUSER
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.kernel.namespaces import setns, unshare
from pyminidocker.kernel.prctl import set_pdeathsig
from pyminidocker.network.agent import agent_main

HOST_ADDRESS = "198.51.100.7"  # RFC 5737: for documentation, never routed
SECOND_ADDRESS = "198.51.100.53"
_SKIP, _FAIL, _DEADLINE_S = 77, 1, 60


class World:
    """The namespaces of one test.

    Attributes:
        host: descriptor of the pretended real host's network namespace.
        lab: descriptor of the lab's; the test's body runs in it.
        agent: the engine's end of the host agent's socket.
        agent_pid: the agent.
        resolv_conf: path of the pretended host's resolv.conf.
    """

    def __init__(self, directory: str) -> None:
        self.resolv_conf = f"{directory}/resolv.conf"
        uid, gid = os.getuid(), os.getgid()
        unshare(CLONE_NEWUSER | CLONE_NEWNET)
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"0 {uid} 1"),
            ("gid_map", f"0 {gid} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
        self.host = current_netns()
        self._host_addresses()
        self.agent, far_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.agent_pid = os.fork()
        if self.agent_pid == 0:
            set_pdeathsig(signal.SIGKILL)
            self.agent.close()
            try:
                agent_main(far_end, self.resolv_conf)
            finally:
                os._exit(0)
        far_end.close()
        unshare(CLONE_NEWNET)
        self.lab = current_netns()

    def end_agent(self) -> None:
        """Close the control socket and wait until the agent has noticed it."""
        self.agent.close()
        if self.agent_pid:
            os.waitpid(self.agent_pid, 0)
            self.agent_pid = 0

    def _host_addresses(self) -> None:
        from pyminidocker.network import messages
        from pyminidocker.network.netlink import Netlink

        with Netlink() as netlink:
            netlink.execute(
                [
                    messages.change_link(1, up=True),
                    messages.add_address(1, HOST_ADDRESS, 32, HOST_ADDRESS),
                    messages.add_address(1, SECOND_ADDRESS, 32, SECOND_ADDRESS),
                ]
            )

    def new_netns(self) -> int:
        """Make an empty network namespace, as a parked child has; returns its descriptor."""
        unshare(CLONE_NEWNET)
        try:
            return current_netns()
        finally:
            setns(self.lab, CLONE_NEWNET)

    @contextmanager
    def inside(self, netns_fd: int) -> Iterator[None]:
        """Act in another namespace; sockets made there stay there."""
        setns(netns_fd, CLONE_NEWNET)
        try:
            yield
        finally:
            setns(self.lab, CLONE_NEWNET)

    def play(self, netns_fd: int, requests: list[bytes]) -> list[int]:
        """Do what init does with a plan: send it inside; returns the errnos acknowledged."""
        with self.inside(netns_fd):
            sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        with sock:
            sock.settimeout(5)
            sock.send(b"".join(requests))
            replies = [sock.recv(65536) for _ in requests]
        return [-int.from_bytes(reply[16:20], sys.byteorder, signed=True) for reply in replies]

    def listen(self, netns_fd: int, address: tuple[str, int]) -> socket.socket:
        """Return a listening TCP socket inside a namespace."""
        with self.inside(netns_fd):
            sock = socket.create_server(address)
        sock.settimeout(10)
        return sock

    def udp(self, netns_fd: int, address: tuple[str, int] | None = None) -> socket.socket:
        """Return a UDP socket inside a namespace, bound if ``address`` is given."""
        with self.inside(netns_fd):
            sock = socket.socket(type=socket.SOCK_DGRAM)
            if address:
                sock.bind(address)
        sock.settimeout(10)
        return sock

    def connect(self, netns_fd: int, address: tuple[str, int]) -> socket.socket:
        """Return a TCP socket inside a namespace, connected to ``address``."""
        with self.inside(netns_fd):
            sock = socket.socket()
        sock.settimeout(10)
        sock.connect(address)
        return sock


def current_netns() -> int:
    """Return a descriptor of the calling thread's network namespace."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def in_world(test: Callable[[World], None]) -> Callable[[str], None]:
    """Run a test's body in a forked child that has a ``World``."""

    def run(tmp_path: str) -> None:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = _FAIL
            try:
                os.close(reader)
                code = _run_body(test, str(tmp_path), writer)
            finally:
                os._exit(code)
        os.close(writer)
        with open(reader, encoding="utf-8") as pipe:
            report = pipe.read()
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == _SKIP:
            pytest.skip(f"no namespaces here: {report}")
        assert code == 0, f"in the child (exit code {code}):\n{report}"

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def _run_body(test: Callable[[World], None], directory: str, writer: int) -> int:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(_DEADLINE_S)
    set_pdeathsig(signal.SIGKILL)
    code, report = 0, ""
    try:
        world = World(directory)
        test(world)
        world.end_agent()
    except SyscallError as error:
        code, report = (_SKIP, str(error)) if error.call == "unshare" else (_FAIL, str(error))
    except BaseException:  # noqa: BLE001 - all of it is the parent's to judge
        code, report = _FAIL, traceback.format_exc()
    os.write(writer, report.encode()[:60000])
    return code

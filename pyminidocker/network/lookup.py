"""Names of the outside as the real machine knows them, looked up in a child.

getaddrinfo(3) blocks, and it is the one that knows /etc/hosts, nsswitch.conf and the resolvers of
the machine.  The host agent has one thread, so a short-lived fork of it asks, writes the answer
into a pipe, and ends.

See: getaddrinfo(3), nsswitch.conf(5), gai.conf(5).
"""

import os
import select
import signal
import socket
from collections.abc import Callable

from pyminidocker.kernel import prctl
from pyminidocker.kernel.fd import close_all_but
from pyminidocker.network.reactor import Reactor

TIMEOUT_S = 20  # resolvers that are down make getaddrinfo wait for long
MAX_ADDRESSES = 16
_ANSWER_BYTES = 4096


def look_up(reactor: Reactor, host: str, done: Callable[[int, list[str]], None]) -> None:
    """Find the addresses of ``host`` and call ``done(code, addresses)`` on the reactor.

    Args:
        reactor: waits for the child.
        host: a name; what it is made of does not matter, no shell sees it.
        done: gets 0 and the addresses in the order to try them, or an EAI_* code and none.

    Raises:
        OSError: no process or descriptor can be had.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        pid = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        raise
    if pid == 0:
        _ask(host, writer)
    os.close(writer)

    def answered(_events: int) -> None:
        # One write of less than a page arrives whole: what can be read is all of it, or the end.
        try:
            data = os.read(reader, _ANSWER_BYTES)
        except BlockingIOError:
            return
        reactor.forget(reader)
        os.close(reader)
        os.waitpid(pid, 0)
        code, *addresses = data.decode("ascii").split() or [str(socket.EAI_AGAIN)]
        done(int(code), addresses)

    reactor.watch(reader, answered, select.EPOLLIN)


def _ask(host: str, writer: int) -> None:
    """Be the child."""
    try:
        prctl.set_pdeathsig(signal.SIGKILL)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(TIMEOUT_S)
        close_all_but([writer])
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
            answer = ["0", *addresses[:MAX_ADDRESSES]]
        except socket.gaierror as error:
            answer = [str(error.errno)]
        except (UnicodeError, OSError):  # no such thing as a name like that
            answer = [str(socket.EAI_NONAME)]
        os.write(writer, " ".join(answer).encode("ascii"))
    finally:
        os._exit(0)

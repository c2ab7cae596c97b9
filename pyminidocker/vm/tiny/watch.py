"""How a hypervisor gets its processor back from a guest that does not give it.

While a guest runs, our thread is inside ioctl(2).  A signal brings it back: the processor leaves
the guest to handle the timer's interrupt, KVM sees that a signal waits, and the call ends with
EINTR.

See: Linux Documentation/virt/kvm/api.rst, "immediate_exit"; signal(7) "Interruption of system
calls".
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyminidocker.errors import NotImplementedHere

_SIGNAL = signal.SIGVTALRM  # nobody else's: Jupyter uses SIGINT, test runners SIGALRM


@contextmanager
def time_limit(seconds: float, over: Callable[[], object]) -> Iterator[None]:
    """Interrupt the system call that this thread is in when its time is over.

    Args:
        seconds: the limit.
        over: is called first, from another thread: it has to make a call that begins only
            afterwards end at once, since a signal between two calls interrupts neither.

    Raises:
        NotImplementedHere: not the main thread, which alone may handle signals.
    """
    if threading.current_thread() is not threading.main_thread():
        raise NotImplementedHere(
            "a tiny guest runs by KVM in the main thread only: a signal ends its time",
            hint='kind="emulated" works in every thread',
        )
    guest_thread = threading.get_ident()

    def ring() -> None:
        over()
        signal.pthread_kill(guest_thread, _SIGNAL)

    before = signal.signal(_SIGNAL, lambda *_: None)
    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        signal.signal(_SIGNAL, before)

"""Several things at once, and all of them ended before anybody goes on."""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from threading import Event

from pyminidocker.images.registry.attempts import Cancelled


def run_all(
    tasks: Iterable[Callable[[], None]], at_once: int, stop: Event, abort: Callable[[], None]
) -> None:
    """Run tasks in threads; when one fails, end the others and raise what it raised.

    Args:
        tasks: what to do; started in this order.
        at_once: how many run side by side.
        stop: set when one failed, for the others to see.
        abort: frees those who wait for the network.

    Raises:
        Exception: of the first task that failed by itself.
    """
    with ThreadPoolExecutor(max(1, at_once), thread_name_prefix="transfer") as pool:
        futures: list[Future[None]] = [pool.submit(task) for task in tasks]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            failed = any(not one.cancelled() and one.exception() is not None for one in done)
        except BaseException:
            failed = True
            raise
        finally:
            if failed:
                stop.set()
                abort()
                for future in futures:
                    future.cancel()
    errors = [one.exception() for one in futures if not one.cancelled()]
    found = [error for error in errors if error is not None]
    if found:
        # What the others say of being stopped is no news.
        raise next((error for error in found if not isinstance(error, Cancelled)), found[0])

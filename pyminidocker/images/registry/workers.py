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
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        # What others will say of having been stopped is no news.
        errors = [error for one in done if (error := one.exception()) is not None]
        if errors:
            stop.set()
            abort()
            for future in futures:
                future.cancel()
    if errors:
        raise next((error for error in errors if not isinstance(error, Cancelled)), errors[0])

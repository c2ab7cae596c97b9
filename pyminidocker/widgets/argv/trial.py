"""Trying a combination for real: build the image, run it, look at process 1, ask it to end.

The program ``say`` prints what it was given and ends when it hears SIGTERM.  It is a script, so
/proc/1/cmdline shows the interpreter that the kernel put in front of it (execve(2), "Interpreter
scripts"); the name of the process is that of the script.
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from pyminidocker.errors import MiniDockerError, NotFound
from pyminidocker.widgets.argv.model import Calculation, Observed

AT_ONCE = 3
PATIENCE_S = 0.8  # for whoever hears SIGTERM; those who do not are killed then
PROGRAM = """#!/bin/sh
# Says what it was given, and ends when it is asked to.
printf 'I was given:'
for word; do printf ' [%s]' "$word"; done
echo
trap 'exit 0' TERM
while :; do sleep 60 & wait $!; done
"""


def try_out(engine: Any, sum_: Calculation, chosen: tuple[str, str], image: str) -> Observed:
    """Build and run one combination.

    Args:
        engine: where.
        sum_: the calculation.
        chosen: the forms of ENTRYPOINT and CMD.
        image: the base image.

    Raises:
        MiniDockerError: the image could not be built.
    """
    made = _build(engine, sum_, chosen, image)
    try:
        return _observe(engine, made, list(sum_.args))
    finally:
        with suppress(MiniDockerError):  # in use by another view, or the same as another's
            engine.api.image_remove(made)


def try_all(engine: Any, sum_: Calculation, image: str, report: Any) -> None:
    """Try every combination, some at the same time; ``report(chosen, observed)`` tells each."""
    cells = [(one.entrypoint, one.cmd) for one in sum_.all() if one.words]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argv-calculator") as pool:
        tried = {cell: pool.submit(try_out, engine, sum_, cell, image) for cell in cells}
        for cell, future in tried.items():
            report(cell, future.result())


def _build(engine: Any, sum_: Calculation, chosen: tuple[str, str], image: str) -> str:
    """Build the image of one combination; return its id."""
    lines = [f"FROM {image}", "COPY --chmod=755 say /bin/say", *sum_.dockerfile(*chosen)]
    with tempfile.TemporaryDirectory(prefix="argv-") as folder:
        Path(folder, "say").write_text(PROGRAM, encoding="utf-8")
        Path(folder, "Dockerfile").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return str(engine.build(folder, progress="quiet").image.id)


def _observe(engine: Any, image: str, args: list[str]) -> Observed:
    try:
        box = engine.create(image, args or None)
    except MiniDockerError as error:
        return Observed(error=_plain(error))
    with box:
        argv = (str(box.attrs["Path"]), *map(str, box.attrs["Args"] or ()))
        try:
            box.start()
        except MiniDockerError as error:
            return Observed(argv, error=_plain(error), exit_code=box.exit_code)
        said = _first_words(box)
        pid = box.pid
        process, cmdline, others = _processes(box, pid) if pid else ("", (), ())
        if not cmdline:
            return Observed(argv, said=said, exit_code=box.wait(timeout_s=10))
        box.kill("SIGTERM")
        try:
            code, heard = box.wait(timeout_s=PATIENCE_S), True
        except TimeoutError:
            code, heard = 0, False
        return Observed(argv, process, cmdline, others, said, heard, code)


def _first_words(box: Any) -> str:
    """Return the first line a container prints; a silent one is waited for no longer than a bit."""
    end = time.monotonic() + PATIENCE_S
    while not (said := box.logs(stderr=True)) and time.monotonic() < end:
        if box.status != "running":
            said = box.logs()
            break
        time.sleep(0.01)
    words: str = said.stdout or said.stderr
    return words.strip().partition("\n")[0]


def _processes(box: Any, pid: int) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return name and cmdline of process 1, and the names of its companions."""
    listed: list[list[str]] = []
    with suppress(MiniDockerError):
        listed = box.api.container_top(box.id, ps_args="-o pid,ppid,comm")["Processes"]
    names = {row[0]: row[2] for row in listed}
    others = tuple(
        name
        for number, parent, name in listed
        if number != str(pid) and names.get(parent) != "say"  # what ``say`` starts is its own
    )
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        own = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, ProcessLookupError):
        return "", (), ()
    cmdline = tuple(raw.rstrip(b"\0").decode("utf-8", "replace").split("\0")) if raw else ()
    return own, cmdline, others


def _plain(error: MiniDockerError) -> str:
    """Return the last part of an error, which says what happened."""
    return str(error).rpartition("unable to start container process: ")[2].strip().rstrip(".")


def base_config(engine: Any, image: str) -> Any:
    """Return what the base image sets.

    Raises:
        NotFound: no such image.
    """
    from pyminidocker.oci.image_spec import RunConfig

    found = engine.api.image_inspect(image)
    if "Config" not in found:
        raise NotFound(f"{image} has no configuration")
    config = found["Config"] or {}
    return RunConfig(entrypoint=config.get("Entrypoint"), cmd=config.get("Cmd"))

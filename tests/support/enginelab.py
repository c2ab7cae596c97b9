"""Run a coroutine with a real ``Engine`` in a real lab: its own process, no HTTP in between.

``python -m tests.support.enginelab <home> <file> <function>...`` makes a lab, starts an engine on
``home``, makes the busybox image, and awaits each ``function(engine)`` of ``file``.
"""

import asyncio
import importlib.util
import os
import subprocess
import sys
import traceback
import warnings
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 90


def run(file: str, function: str, home: Path, *, crash: bool = False) -> str:
    """Await ``function(engine)`` of ``file`` in a fresh engine on ``home``; return its output.

    Args:
        file: path of the module.
        function: its name there.
        home: holds the state and run directories, which survive for a next engine.
        crash: the function ends the engine by SIGKILL.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.enginelab", str(home), file, function],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    expected = -9 if crash else 0
    assert done.returncode == expected, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def _load(file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("scenario", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def _main(lab: object, home: str, file: str, names: list[str]) -> None:
    from pyminidocker.engine.engine import Engine

    engine = Engine(f"{home}/state", f"{home}/run", lab, "test")  # type: ignore[arg-type]
    await engine.start()
    if not engine.images.list():
        await engine.images.bootstrap(["busybox"], lambda _name, _status: None)
    module = _load(file)
    try:
        for name in names:
            await asyncio.wait_for(getattr(module, name)(engine), TIMEOUT_S - 10)
    finally:
        await asyncio.wait_for(engine.stop(0.2), 20)


def main() -> None:
    """Be the engine's process."""
    home, file, *names = sys.argv[1:]
    for part in ("state", "run", "run/etc"):
        os.makedirs(f"{home}/{part}", mode=0o700, exist_ok=True)
    from pyminidocker.network.agent import agent_main
    from pyminidocker.runtime.host import create_lab

    lab = create_lab("test", agent_main, scratch_dir=f"{home}/run/etc")
    code = 0
    try:
        asyncio.run(_main(lab, home, file, names))
    except BaseException:  # noqa: BLE001 - told by the exit code
        traceback.print_exc()
        code = 1
    lab.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    warnings.simplefilter("error")
    main()

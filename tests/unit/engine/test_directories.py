"""Spare and discarded container directories."""

import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pyminidocker.engine import directories
from pyminidocker.engine.directories import SPARES, Directories


class _Engine(SimpleNamespace):
    def background(self, work: Coroutine[Any, Any, Any]) -> None:
        self.tasks.append(asyncio.ensure_future(work))


async def _quiet(made: Directories, engine: _Engine) -> None:
    while made._timer is not None or made._is_tidying:
        if made._timer is not None:
            await asyncio.sleep(directories.DELAY_S / 4)
        for task in engine.tasks:
            await task
        engine.tasks.clear()


def _scenario(tmp_path: Path, wrote: bool) -> None:
    async def run() -> None:
        engine = _Engine(state_dir=str(tmp_path), tasks=[])
        made = Directories(engine)  # type: ignore[arg-type]
        os.makedirs(tmp_path / "containers/.gone-x/diff")
        made.open()
        await _quiet(made, engine)
        assert len(os.listdir(made.root)) == SPARES
        for round_ in range(3):
            container_id = f"{round_}" * 64
            directory = made.make(container_id)
            assert sorted(os.listdir(directory)) == ["config.json", "diff", "work"]
            os.makedirs(f"{directory}/work/work/incompat/volatile")
            Path(f"{directory}/work/work/incompat/volatile/dirty").touch()
            Path(f"{directory}/config.json").write_text('{"secret": 1}')
            if wrote:
                Path(f"{directory}/diff/file").write_text("data")
            made.discard(container_id)
            assert not os.path.exists(directory)
            await _quiet(made, engine)
            spares = os.listdir(made.root)
            assert len(spares) == SPARES
            for spare in spares:
                assert os.listdir(f"{made.root}/{spare}/diff") == []
                assert os.listdir(f"{made.root}/{spare}/work") == []
                assert not Path(f"{made.root}/{spare}/config.json").read_text().strip()
        made.close()
        assert os.listdir(made.root) == []

    asyncio.run(asyncio.wait_for(run(), 20))


def test_untouched_directories_are_used_again(tmp_path: Path) -> None:
    _scenario(tmp_path, wrote=False)


def test_written_ones_are_deleted(tmp_path: Path) -> None:
    _scenario(tmp_path, wrote=True)

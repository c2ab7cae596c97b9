"""Boot phases of a real container."""

import pytest

from pyminidocker.client.engine import Engine
from pyminidocker.errors import Unavailable

pytest.importorskip("anywidget")
from pyminidocker.widgets import boot_phases, container_start


def test_a_container_start_has_three_parts(engine: Engine) -> None:
    bar = container_start(engine)
    assert [part.name for part in bar.parts] == ["create", "start", "answer"]
    assert 0 < bar.seconds < 5
    assert "container" in str(boot_phases(bar))
    assert engine.containers(all=True) == []


def test_a_container_that_says_something_else_is_told(engine: Engine) -> None:
    engine.build(text='FROM busybox\nENTRYPOINT ["echo", "not"]\n', tag="contrary")
    try:
        with pytest.raises(Unavailable, match="not echo ready"):
            container_start(engine, "contrary")
    finally:
        engine.image("contrary").remove()
    assert engine.containers(all=True) == []

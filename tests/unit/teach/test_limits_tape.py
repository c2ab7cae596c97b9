"""Lesson 11 on a host without control groups: a tape, labelled, that knows its limits."""

from types import SimpleNamespace

import pytest

from pyminidocker.client.cgroup import Cgroup
from pyminidocker.client.results import RunResult
from pyminidocker.errors import NotImplementedHere, Unavailable
from pyminidocker.teach import limit_faults, limits_tape
from pyminidocker.teach.limits_lab import LimitsLab, recorded_gauge
from pyminidocker.teach.limits_tape import Recorded, Recorder


class Box:
    """A stand-in for a container."""

    def __init__(self, group):
        self.cgroup = group
        self.status = "running"
        self.attrs = {
            "Id": "secret",
            "RestartCount": 2,
            "State": {"Status": "exited", "ExitCode": 137, "OOMKilled": True, "Pid": 7},
            "HostConfig": {"Memory": 1, "MemorySwap": 2, "RestartPolicy": {"Name": "no"}, "B": 1},
        }
        self.codes = iter((1, 2))

    def exec(self, command):
        return RunResult(b"hi\n", b"", 0, [command])

    def wait(self, timeout_s):
        return next(self.codes)


@pytest.fixture
def tape(tmp_path):
    """What somebody recorded."""
    (tmp_path / "memory.max").write_text("67108864\n")
    (tmp_path / "pids.current").write_text("5\n")
    tape = {}
    box = Recorder(Box(Cgroup("v2", {"memory": str(tmp_path)})), "box", tape)
    assert box.status == "running"
    assert box.exec("echo hi") == "hi\n"
    assert [box.wait(timeout_s=1), box.wait(timeout_s=1)] == [1, 2]
    assert box.cgroup.read("pids.current") == "5"
    assert box.cgroup.limit == 64 << 20
    assert box.attrs["Id"] == "secret"
    return tape


def test_what_was_asked_is_answered_as_then(tape):
    box = Recorded("box", tape, "recorded then")
    assert box.status == "running"
    assert box.exec("echo hi").stdout == "hi\n"
    assert box.start().stop() is box
    assert [box.wait(timeout_s=1) for _ in range(3)] == [1, 2, 2]
    assert box.cgroup.read("pids.current") == "5"
    assert box.cgroup.limit == 64 << 20
    assert "recorded then: nothing of it runs here" in repr(box)
    assert "Id" not in box.reload().attrs
    assert box.attrs["State"] == {"Status": "exited", "ExitCode": 137, "OOMKilled": True}


def test_what_was_not_asked_is_refused(tape):
    box = Recorded("box", tape, "recorded then")
    with pytest.raises(Unavailable, match=r"nobody asked it for box\.exec\('ls'\)"):
        box.exec("ls")
    assert box.update(memory="1g").asked == {"memory": "1g"}


def refusing(image, command=None, *, name, **options):
    raise NotImplementedHere("--memory cannot be enforced on this host: no reason", hint="do it")


def test_a_host_that_can_limit_nothing_says_so(capsys):
    lab = LimitsLab(SimpleNamespace(create=refusing))
    assert not lab.is_real
    text = " ".join(repr(lab).split())
    assert "No control groups for us on this host." in text
    assert "memory: no, no reason" in text
    assert "recorded on 20" in text
    assert text.endswith("do it")
    hungry = lab.engine.create("python", [], name="hungry", memory="64m")
    assert lab.is_recorded("hungry")
    assert "(hungry answers from a tape, recorded on 20" in capsys.readouterr().out
    assert lab.engine.container("hungry") is hungry
    assert (hungry.exit_code, hungry.oom_killed) == (137, True)


def test_the_gauge_of_the_tape_is_labelled():
    pytest.importorskip("anywidget")
    recorded, tape = limits_tape.load()
    view = recorded_gauge(Recorded("hungry", tape, recorded))
    assert "hungry (recorded on 20" in view.text()
    assert "the kernel killed it" in view.text()


def test_a_recorded_shop_opens_when_it_was_given_enough():
    recorded, tape = limits_tape.load()
    shop = Recorded("shop", tape, recorded, {"memory": limit_faults.TIGHT})
    engine = SimpleNamespace(container=lambda name: shop)
    lesson = SimpleNamespace(limits=lambda: SimpleNamespace(engine=engine))
    assert limit_faults._is_shut(lesson, "shop")
    shop.update(memory="30m")
    assert limit_faults._is_shut(lesson, "shop")
    shop.update(memory=96 << 20)
    assert not limit_faults._is_shut(lesson, "shop")

import threading
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import pytest

from pyminidocker.client.stats import Stats, of_row
from pyminidocker.errors import NotFound
from pyminidocker.widgets.meters.feed import Reader
from pyminidocker.widgets.meters.model import MOST_READINGS, End, Run
from pyminidocker.widgets.meters.scene import describe, draw_gauge
from pyminidocker.widgets.meters.twin import gauge_table
from pyminidocker.widgets.meters.view import Gauge
from pyminidocker.widgets.meters.words import MEANINGS, files_of
from pyminidocker.widgets.scene import Box, Group, Label, Stroke
from pyminidocker.widgets.svg import to_svg

MIB = 1 << 20
PLAIN = {
    "Id": "b0c5", "Name": "box", "Status": "running", "Time": 10**18, "CpuPercent": 30.0,
    "CpuNanoseconds": 10**9, "Cpus": 2.0, "CpuPeriods": 0, "ThrottledPeriods": 0,
    "ThrottledNanoseconds": 0, "Memory": 3 * MIB, "MemoryWithCache": 4 * MIB,
    "MemoryLimit": 2**35, "MemoryLimited": False, "MemoryPeak": 0, "Swap": 0, "OomKills": 0,
    "Pids": 2, "PidsLimit": 0, "NetworkReceived": 0, "NetworkSent": 0, "DiskRead": 0,
    "DiskWritten": 0, "Estimated": [],
}  # fmt: skip
LIMITED = {
    **PLAIN, "Cpus": 0.5, "CpuPeriods": 20, "ThrottledPeriods": 9, "MemoryLimit": 64 * MIB,
    "MemoryLimited": True, "PidsLimit": 20,
}  # fmt: skip


def at(second: float, mib: float, row: dict = LIMITED, **more: object) -> Stats:
    moment = 10**18 + int(second * 1e9)
    size = int(mib * MIB)
    return of_row({**row, "Time": moment, "MemoryWithCache": size, "Memory": size, **more})


def killed() -> Run:
    run = Run("hungry")
    for step in range(8):
        run.feed(at(step / 4, 4 + 8 * step, CpuNanoseconds=10**8 * step))
    run.status = "exited"
    run.end = End(1e9 + 2, 137, is_oom=True)
    return run


# ------------------------------------------------------------------------------------------ model


def test_meters_against_their_limits():
    run = Run("box")
    run.feed(at(0, 32, MemoryPeak=48 * MIB, Memory=30 * MIB))
    memory, cpu, pids = run.meters()
    assert (memory.share, memory.hue, memory.peak) == (0.5, "blue", 48 * MIB)
    assert memory.says() == "Memory: 32MiB of 64MiB; 2MiB of it is page cache that could go at once"
    assert cpu.says() == (
        "Processor: 30 % of one processor, 50 % at most; made to wait in 45 % of its periods"
    )
    assert pids.says() == "Processes: 2 of 20"


def test_without_limits_it_says_so():
    run = Run("box")
    run.feed(at(0, 32, PLAIN, Estimated=["memory", "pids", "cpu"]))
    memory, cpu, pids = run.meters()
    assert not memory.is_limited
    assert "no limit" in memory.words
    assert "added up from /proc" in memory.note
    assert cpu.limit == 200
    assert pids.words == "2, no limit of its own"
    assert run.memory_limit == 0


@pytest.mark.parametrize(("mib", "hue"), [(10, "blue"), (50, "orange"), (63, "red")])
def test_a_meter_that_fills_up_changes_its_colour(mib, hue):
    run = Run("box")
    run.feed(at(0, mib))
    assert run.meters()[0].hue == hue


def test_ends():
    assert killed().summary() == (
        "hungry ended with exit code 137: the kernel killed it, because its memory was used up."
    )
    assert End(0, 0).says() == "ended with exit code 0"
    assert "the kernel had killed a process of it" in End(0, 1, is_oom=True).says()


def test_another_run_begins_anew():
    run = killed()
    run.feed(at(9, 1, CpuNanoseconds=10))
    assert len(run.readings) == 1
    assert run.end is None
    run.feed(at(10, 1, CpuNanoseconds=5))
    assert len(run.readings) == 1, "less processor time than before: it was started again"


def test_a_long_run_is_thinned_and_keeps_its_beginning():
    run = Run("box")
    for step in range(3 * MOST_READINGS):
        run.feed(at(step, 1, CpuNanoseconds=step))
    assert len(run.readings) <= MOST_READINGS
    assert run.readings[0].time == 1e9
    assert run.readings[-1].time == pytest.approx(1e9 + 3 * MOST_READINGS - 1)


# ---------------------------------------------------------------------------------- picture, text


def flat(items):
    for item in items:
        if isinstance(item, Group):
            yield from flat(item.items)
        else:
            yield item


def short():
    run = Run("box")
    run.feed(at(0, 3, PLAIN))
    return run


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("make", [killed, lambda: Run("box"), short])
def test_everything_is_inside_the_picture(make, narrow):
    scene = draw_gauge(make(), narrow=narrow)
    ET.fromstring(to_svg(scene))
    for item in flat(scene.items):
        if isinstance(item, Box):
            assert item.x >= 0
            assert item.x + item.w <= scene.width
            assert item.y + item.h <= scene.height
        elif isinstance(item, Label):
            assert 0 < item.y <= scene.height
        elif isinstance(item, Stroke):
            for _, *numbers in item.commands:
                assert all(-1 <= float(x) <= scene.width for x in numbers[::2])


def test_the_cross_is_at_the_limit():
    scene = draw_gauge(killed())
    crosses = [item for item in flat(scene.items) if isinstance(item, Stroke) and item.width == 3.5]
    dashed = [item for item in flat(scene.items)
              if isinstance(item, Stroke) and item.dash == (6.0, 4.0)]  # fmt: skip
    assert len(crosses) == 2
    (_, _, y1), (_, _, y2) = crosses[0].commands
    assert (y1 + y2) / 2 == pytest.approx(dashed[0].commands[0][2])
    assert any(isinstance(i, Label) and i.text == "killed: 137" for i in flat(scene.items))


def test_the_text_says_what_the_picture_shows():
    text = gauge_table(killed())
    assert "[###################.]" in text
    assert "60MiB of 64MiB" in text
    assert "Memory after: 0.0 s 4MiB, 0.2 s 12MiB" in text
    assert text.endswith("because its memory was used up.")
    assert describe(killed()).endswith("because its memory was used up.")
    assert gauge_table(Run("box", "created")) == "box is created: there is nothing to measure."


# -------------------------------------------------------------------------------------------- feed


class Answer:
    """A stream of rows."""

    def __init__(self, lines):
        self.lines = lines

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def json_lines(self):
        yield from self.lines


class Api:
    """An engine whose container runs for three readings, is killed, and removed."""

    def __init__(self, lines, state):
        self.lines, self.state = lines, state

    def open(self, method, path, query):
        assert (method, path) == ("GET", "/minidocker/stats")
        assert query["name"] == "b0c5"
        if self.lines is None:
            raise NotFound("No such container: b0c5")
        lines, self.lines = self.lines, None
        return Answer(lines)

    def container_inspect(self, ref):
        return {"State": self.state}

    def close(self):
        pass


STATE = {
    "Status": "exited", "Running": False, "ExitCode": 137, "OOMKilled": True,
    "FinishedAt": "2001-09-09T01:46:42.5Z",
}  # fmt: skip
STOPPED = {"Id": "b0c5", "Name": "box", "Status": "exited"}


def test_a_reader_asks_how_it_ended():
    rows = [[{**LIMITED, "Time": 10**18 + n}] for n in range(3)]
    run, news = Run("box"), threading.Event()
    reader = Reader(Api([*rows, [STOPPED], [STOPPED]], STATE), "b0c5", run, 0.25, news.set, print)
    reader.start()
    assert reader.join()
    assert news.is_set()
    assert len(run.readings) == 3
    assert run.end == End(pytest.approx(1000000002.5), 137, is_oom=True)
    assert run.status == "exited"
    assert reader.ended.is_set()


def test_the_view_shows_what_is_read_and_lets_go():
    api = Api([[LIMITED], [{**LIMITED, "Time": 10**18 + 10**9}], [STOPPED]], STATE)
    view = Gauge(api, "b0c5", Run("box"), version="v2")
    view.until_end(10)
    assert view.message.endswith("because its memory was used up.")
    assert view.details["memory"]["files"] == ["memory.max", "memory.current", "memory.events"]
    assert set(view.details) == {*MEANINGS, "course"}
    assert "wide" in view.pictures
    data, metadata = view._repr_mimebundle_()
    assert data["text/plain"] == view.text() == str(view)
    assert metadata["image/png"]["alt"].startswith("What box uses")
    view.close()
    assert not view.live


def test_waiting_in_vain():
    view = Gauge(SimpleNamespace(close=lambda: None), "b0c5", Run("box"), live=False)
    assert view.until_end(0.01) is view, "nobody reads, so there is nothing to wait for"
    view._feed = SimpleNamespace(wait=lambda timeout_s: False, stop=lambda: None)
    with pytest.raises(TimeoutError, match=r"box still runs after 0\.01 s"):
        view.until_end(0.01)


def test_files_by_version():
    assert files_of("cpu", "v1")[0] == "cpu.cfs_quota_us"
    assert files_of("memory", "none") == []

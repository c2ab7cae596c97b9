import json
import xml.etree.ElementTree as ET

import pytest

from pyminidocker.errors import InvalidArgument
from pyminidocker.vm import recording as vm_recording
from pyminidocker.vm import tiny
from pyminidocker.widgets import boot_phases, process_start
from pyminidocker.widgets.bootphases.model import Part, bar, say, summary
from pyminidocker.widgets.bootphases.scene import draw_bars
from pyminidocker.widgets.scene import Box, Group, Label
from pyminidocker.widgets.svg import to_svg

VM = ("virtual machine", (("firmware", 0.4), ("kernel", 1.5), ("init", 0.1)))
CONTAINER = ("container", (("create", 0.002), ("start", 0.003), ("answer", 0.0)))


def leaves(items):
    for item in items:
        if isinstance(item, Group):
            yield from leaves(item.items)
        else:
            yield item


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(2.0, "2 s"), (1.234, "1.23 s"), (0.4, "400 ms"), (0.00521, "5.21 ms"), (7e-4, "700 µs"),
     (0.9999, "1 s"), (123.4, "123 s"), (0, "0 µs")],
)  # fmt: skip
def test_times_are_said_with_the_digits_that_count(seconds, words):
    assert say(seconds) == words


def test_shares_and_sentences():
    one = bar(*VM)
    assert one.seconds == pytest.approx(2.0)
    assert one.says(1).startswith("virtual machine, kernel: 1.5 s, 75% of 2 s; the guest's kernel")
    assert Part("odd", 1.0).meaning == ""
    assert bar("x", (("odd", 1.0),)).says(0) == "x, odd: 1 s, 100% of 1 s"


def test_what_took_no_time_is_left_out():
    assert [part.name for part in bar(*CONTAINER).parts] == ["create", "start"]


def test_summary_compares_the_slowest_with_the_fastest():
    assert summary((bar(*VM), bar(*CONTAINER))) == (
        "Until the first answer: virtual machine 2 s, container 5 ms; virtual machine took 400 "
        "times as long as container."
    )
    assert summary((bar(*VM),)) == "Until the first answer: virtual machine 2 s."


def test_text_twin_has_every_part():
    text = str(boot_phases(VM, CONTAINER))
    assert "virtual machine  kernel     1.5 s    75%" in text
    assert "container        start       3 ms    60%" in text
    assert "firmware: the machine's BIOS" in text


@pytest.mark.parametrize("narrow", [False, True])
def test_picture_keeps_the_scale_and_its_edges(narrow):
    view = boot_phases(VM, CONTAINER)
    scene = draw_bars(view.bars, narrow=narrow)
    thin = [i for i in leaves(scene.items) if isinstance(i, Box) and i.fill == "ink"]
    assert thin[0].w == pytest.approx(scene.width - 24)
    assert thin[1].w == pytest.approx(max(thin[0].w / 400, 2.0))  # shorter, and still seen
    for item in leaves(scene.items):
        if isinstance(item, Box):
            assert item.x >= -0.01
            assert item.x + item.w <= scene.width + 0.01
        if isinstance(item, Label) and item.anchor == "start":
            assert item.x + item.extent <= scene.width
        if isinstance(item, Box | Label):
            assert item.y <= scene.height
    ET.fromstring(to_svg(scene))


def test_broad_bars_fill_the_width_in_proportion():
    scene = draw_bars((bar(*VM),))
    parts = [item for item in scene.items if isinstance(item, Group)]
    widths = [group.items[0].w for group in parts]
    assert sum(widths) == pytest.approx(scene.width - 24)
    assert widths[1] == pytest.approx(0.75 * (scene.width - 30) + 2)
    assert [group.key for group in parts] == ["0-0", "0-1", "0-2"]


def test_a_recording_is_labelled(monkeypatch, tmp_path):
    said = {
        "recorded": "recorded in May", "kernel": "6", "kernel_origin": "", "console": "",
        "hypervisor": "qemu 9", "memory_bytes": 1, "cpus": 1, "pss_bytes": 1, "commands": {},
        "phases": [["kernel", 1.5]],
    }  # fmt: skip
    place = tmp_path / "recording.json"
    place.write_text(json.dumps(said))
    monkeypatch.setattr(vm_recording, "PLACE", place)
    recording = vm_recording.RecordedMachine("asked for")
    view = boot_phases(recording, CONTAINER)
    assert view.bars[0].name == "virtual machine (recorded)"
    assert recording.recorded in str(view)
    assert recording.recorded in view.scene(still=True).desc
    assert view.details["0-0"]["note"] == recording.recorded


def test_tiny_machines_have_two_parts():
    with tiny.machine(tiny.say("hi"), kind="emulated") as guest:
        with pytest.raises(InvalidArgument, match="has not run yet"):
            boot_phases(guest)
        view = boot_phases(guest.boot())
    assert view.bars[0].name == "tiny machine (emulated in Python)"
    assert [part.name for part in view.bars[0].parts] == ["make", "run"]


def test_a_process_is_timed():
    (part,) = boot_phases(process_start()).bars[0].parts
    assert part.name == "process"
    assert 0 < part.seconds < 5


@pytest.mark.parametrize("sources", [(), (VM,) * 7, (42,), (("empty", ()),)])
def test_what_does_not_boot_is_refused(sources):
    with pytest.raises(InvalidArgument):
        boot_phases(*sources)


def test_bundle_has_a_picture_with_words():
    data, metadata = boot_phases(VM, CONTAINER)._repr_mimebundle_()
    assert data["text/plain"].startswith("what ")
    assert "took 400 times as long" in metadata["image/png"]["alt"]

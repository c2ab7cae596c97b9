import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from pyminidocker.errors import Conflict, InvalidArgument, NotFound
from pyminidocker.widgets.namespaces.meaning import MEANINGS
from pyminidocker.widgets.namespaces.model import Fact, Lens, Subject
from pyminidocker.widgets.namespaces.reading import read_lens, read_subject
from pyminidocker.widgets.namespaces.scene import draw_lens
from pyminidocker.widgets.namespaces.targets import find_subject
from pyminidocker.widgets.namespaces.twin import lens_details, lens_table
from pyminidocker.widgets.namespaces.view import NamespaceLens, namespace_lens
from pyminidocker.widgets.scene import Box, Group
from pyminidocker.widgets.svg import to_svg

KEYS = [meaning.key for meaning in MEANINGS]


def subject(label, first=1, *, pids=(10,), without=(), **other):
    """A process whose namespaces are numbered from ``first``, except those named."""
    numbers = {key: first + i for i, key in enumerate(KEYS) if key not in without} | other
    facts = {key: Fact(f"{label} {key} now", f"{label} {key}") for key in numbers}
    return Subject(label, pids[0], pids, "sh", 1, numbers, facts)


@pytest.fixture
def lens():
    """A notebook and a container that share time and user."""
    inside = subject(
        "web", 100, pids=(70, 5, 1), time=1 + KEYS.index("time"), user=1 + KEYS.index("user")
    )
    return Lens((subject("notebook"), inside), "6.0")


def test_equal_numbers_are_the_same_namespace(lens):
    verdicts = {row.meaning.key: row.verdict for row in lens.rows()}
    assert {key for key, verdict in verdicts.items() if verdict == "same"} == {"time", "user"}
    assert set(verdicts) == set(KEYS)
    assert len(KEYS) == 8
    assert lens.summary().startswith("2 of 8 namespaces shared (user, time)")


def test_consequence_follows_the_verdict(lens):
    assert lens.row("net").consequence == lens.row("net").meaning.split
    assert lens.row("user").consequence == lens.row("user").meaning.shared


def test_three_processes_may_share_in_part():
    three = Lens((subject("a"), subject("b"), subject("c", 50)), "6.0")
    row = three.row("net")
    assert row.verdict == "partly same"
    assert row.runs() == [(0, 1), (2, 2)]
    assert three.names == "a, b and c"


def test_neighbours_apart_are_not_joined():
    assert Lens((subject("a"), subject("b", 50), subject("c")), "6").row("net").runs() == [
        (0, 0), (1, 1), (2, 2),
    ]  # fmt: skip


def test_what_may_not_be_read_is_said():
    hidden = Subject("root's", 1, (1,), "init", 1, {}, {})
    lens = Lens((subject("mine"), hidden), "6.0")
    assert {row.verdict for row in lens.rows()} == {"not readable"}
    assert "8 of 8 namespaces may not be read" in lens.summary()
    assert "its own user" in lens.row("net").consequence
    ET.fromstring(to_svg(draw_lens(lens, still=True)))


def test_all_shared_and_nothing_shared_have_their_own_words():
    assert "All eight" in Lens((subject("a"), subject("b")), "6").summary()
    assert "No namespace" in Lens((subject("a"), subject("b", 50)), "6").summary()


def bars_of(scene, key):
    (group,) = [item for item in scene.items if isinstance(item, Group) and item.key == key]
    return [item for item in group.items if isinstance(item, Box)]


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
def test_shared_is_one_bar_and_split_is_two(lens, narrow):
    scene = draw_lens(lens, still=True, narrow=narrow)
    (joined,) = bars_of(scene, "user")
    left, right = bars_of(scene, "net")
    assert joined.x == left.x
    assert joined.x + joined.w == pytest.approx(right.x + right.w)
    assert left.x + left.w < right.x
    assert joined.fill != left.fill


def test_picture_names_every_row(lens):
    root = ET.fromstring(to_svg(draw_lens(lens, still=False), live="option"))
    groups = {e.get("data-key"): e.get("aria-label") for e in root.iter() if e.get("data-key")}
    assert list(groups) == KEYS
    assert groups["net"] == "net, network: different"


def test_saved_forms_hold_nothing_of_the_moment(lens):
    for saved in (lens_table(lens), to_svg(draw_lens(lens, still=True))):
        assert " now" not in saved
        assert "70" not in saved.replace("fill", "").split("<style>")[0] or "web" in saved
        assert "6.0" not in saved
    assert "100" not in lens_table(lens)


def test_numbers_are_there_for_those_who_ask(lens):
    table = lens_table(lens, numbers=True)
    assert f"{1 + KEYS.index('user')}: " in table
    assert "6.0" in table
    assert "web net now" in table


def test_twin_says_what_the_picture_says(lens):
    table = lens_table(lens)
    for row in lens.rows():
        line = next(line for line in table.splitlines() if line.startswith(row.meaning.key + " "))
        assert row.verdict in line
        assert all(fact.still in line for fact in row.facts)
    assert table.splitlines()[0] == "Namespaces of notebook and web"
    assert lens.summary() in table


def test_details_carry_the_evidence(lens):
    details = lens_details(lens)
    assert list(details) == KEYS
    assert [row["number"] for row in details["net"]["rows"]] == ["3", "102"]
    assert details["net"]["see"] == "network_namespaces(7)"


def test_reading_this_process():
    me = read_subject(os.getpid(), "me")
    assert me.host_pid == os.getpid()
    assert set(me.namespaces) == set(KEYS)
    assert me.facts["uts"].live == os.uname().nodename
    assert os.uname().nodename not in me.facts["uts"].still or len(os.uname().nodename) < 3
    assert read_lens((me, me)).summary().startswith("All eight")


def test_a_pid_that_is_nobody():
    with pytest.raises(NotFound, match="4194305"):
        read_subject(4194305, "nobody")


class FakeApi:
    def __init__(self, pid, hostname="c0ffee"):
        self.attrs = {
            "Id": "c0ffeec0ffee" + "0" * 52,
            "Name": "/web",
            "State": {"Pid": pid},
            "Config": {"Hostname": hostname},
        }

    def container_inspect(self, _ref):
        return self.attrs


def test_a_container_is_its_first_process():
    found = find_subject("web", engine=FakeApi(os.getpid()))
    assert (found.label, found.host_pid) == ("web", os.getpid())


def test_a_stopped_container_has_no_process():
    with pytest.raises(Conflict, match="not running") as caught:
        find_subject("web", engine=FakeApi(0))
    assert "start" in caught.value.hint


@pytest.mark.parametrize("target", [None, 1.5, True, object()])
def test_nonsense_is_refused(target):
    with pytest.raises(InvalidArgument):
        find_subject(target)


@pytest.mark.parametrize("count", [0, 5])
def test_two_to_four_processes(count):
    with pytest.raises(InvalidArgument, match="2 to 4"):
        namespace_lens(*["notebook"] * count)


@pytest.fixture
def child():
    """A process that lives until its input ends."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.stdin.close()
    process.wait()


def test_view_has_three_forms(child):
    view = namespace_lens(child.pid, labels=["child"])
    assert isinstance(view, NamespaceLens)
    data, metadata = view._repr_mimebundle_()
    assert data["text/plain"] == str(view) == view.text()
    assert data["text/plain"].startswith("Namespaces of this notebook and child\n")
    assert "8 of 8" in data["text/plain"] or "All eight" in data["text/plain"]
    assert data["image/png"].startswith("iVBOR")
    assert "application/vnd.jupyter.widget-view+json" in data
    assert metadata["image/png"]["alt"].startswith("Namespace lens:")
    assert set(view.pictures) == {"wide", "narrow"}
    view.close()


def test_view_notices_the_end_of_a_process(child):
    view = namespace_lens("notebook", child.pid, labels=["", "child"])
    view.refresh()
    assert view.message == "Nothing changed."
    child.stdin.close()
    child.wait()
    last = view.model
    assert view.refresh() is last
    assert "child ended" in view.message
    view.close()


def test_page_may_ask_for_a_refresh(child):
    view = namespace_lens(child.pid)
    view._handle_custom_msg({"do": "refresh"}, [])
    assert view.message
    view.close()


def test_following_ends_with_the_view(child):
    view = namespace_lens(child.pid)
    view.follow = True
    view.close()
    assert view._closed.is_set()

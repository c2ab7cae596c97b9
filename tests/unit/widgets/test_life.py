import json
import threading
import xml.etree.ElementTree as ET

import pytest

from pyminidocker.errors import Conflict, NotFound, Unavailable
from pyminidocker.widgets.life.feed import Biographer, Follower, seconds_of
from pyminidocker.widgets.life.model import STATES, Life
from pyminidocker.widgets.life.scene import describe, draw_life
from pyminidocker.widgets.life.twin import life_table
from pyminidocker.widgets.life.view import Lifecycle
from pyminidocker.widgets.life.words import KEPT, MEANINGS, VERBS, exit_words
from pyminidocker.widgets.scene import Box, Group, Label, Stroke
from pyminidocker.widgets.svg import to_svg


def event(action, second, **attributes):
    facts = {name: str(value) for name, value in attributes.items()}
    moment = int(second * 1e9)
    return {"Action": action, "timeNano": moment, "Actor": {"Attributes": facts}}


def told(*events, **settings):
    life = Life("box", **settings)
    for one in events:
        life.feed(one)
    return life


BORN = (event("create", 1), event("start", 2))

# ------------------------------------------------------------------------------------------ model


def test_a_life_from_beginning_to_end():
    life = told(*BORN, event("die", 5, exitCode=3), event("destroy", 9))
    assert life.path() == "created → running → exited (3) → removed"
    assert life.seconds(100) == {"created": 1, "running": 3, "exited": 4, "removed": 91}
    assert life.exit_code == 3
    assert life.summary() == "box is removed."


def test_what_changes_nothing_is_told_apart():
    life = told(*BORN)
    assert not life.feed(event("exec_start: sh", 3))
    assert not life.feed(event("kill", 3, signal=1))
    assert not life.feed(event("rename", 3, name="crate"))
    assert life.name == "crate"
    assert life.feed(event("die", 4, exitCode=0))


@pytest.mark.parametrize(
    ("policy", "code", "sent", "after"),
    [
        ("no", 1, (), "exited"),
        ("always", 0, (), "restarting"),
        ("unless-stopped", 0, (), "restarting"),
        ("on-failure", 1, (), "restarting"),
        ("on-failure", 0, (), "exited"),
        ("always", 143, (15,), "exited"),
        ("always", 137, (9,), "exited"),
        ("always", 0, (1,), "restarting"),
        ("always", 0, (10, 15), "exited"),
    ],
)
def test_a_policy_decides_what_an_end_means(policy, code, sent, after):
    kills = [event("kill", 3, signal=number) for number in sent]
    life = told(*BORN, *kills, event("die", 4, exitCode=code), policy=policy)
    assert life.state == after


def test_a_policy_may_count():
    lives = [event("start", 2 + n) for n in (1, 2, 3)]
    ends = [event("die", 2.5 + n, exitCode=1) for n in range(4)]
    both = [one for pair in zip(ends, [*lives, event("start", 9)], strict=True) for one in pair]
    life = told(*BORN, *both, policy="on-failure", most=2)
    assert life.path().startswith(
        "created → running → restarting (1) → running → restarting (1) → running → exited (1)"
    )
    assert life.walked()["restarting", "running"] == 3  # started by hand, it counted anew
    assert life.restarts == 1


def test_a_life_may_end_with_its_engine():
    life = told(*BORN, event("start", 9))
    assert life.path() == "created → running → exited → running"
    assert "nobody saw how" in life.stays[2].says()


def test_another_stop_signal_stops_as_well():
    life = told(*BORN, event("kill", 3, signal=2), event("die", 4, exitCode=0), policy="always",
                stop_signal=2)  # fmt: skip
    assert life.state == "exited"


def test_a_wait_can_be_called_off():
    life = told(*BORN, event("die", 3, exitCode=1), event("stop", 4), policy="always")
    assert life.path() == "created → running → restarting (1) → exited"
    assert life.exit_code == 1


def test_signals_belong_to_one_life():
    life = told(*BORN, event("kill", 3, signal=15), event("kill", 13, signal=9),
                event("die", 13, exitCode=137), event("start", 14), event("oom", 15),
                event("die", 15, exitCode=137))  # fmt: skip
    first, second = (stay for stay in life.stays if stay.state == "exited")
    assert first.signals == ("SIGTERM", "SIGKILL")
    assert "exit code 137 (128 + 9, SIGKILL) after SIGTERM, then SIGKILL" in first.says()
    assert second.signals == ()
    assert second.says().endswith("the memory limit was reached")


@pytest.mark.parametrize(
    ("early", "late"),
    [
        (("running", 1.9), event("start", 2)),
        (("exited", 2.9, 3), event("start", 2)),
        (("restarting", 2.9, 3), event("start", 2)),
    ],
)
def test_an_engine_may_say_where_it_is_before_it_tells_how(early, late):
    life = told(BORN[0])
    assert life.correct(*early)
    assert life.feed(late)
    assert life.path() == "created → running"
    assert life.stays[-1].way == "start"
    assert life.correct("exited", 3, 7)
    assert life.feed(event("die", 3.001, exitCode=7))
    assert life.path() == "created → running → exited (7)"


def test_pause_and_back():
    life = told(*BORN, event("pause", 3), event("unpause", 5), event("pause", 6))
    assert life.path() == "created → running → paused → running → paused"
    assert life.walked()["running", "paused"] == 2


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "success"), (1, "own number"), (127, "no such program"), (126, "cannot be executed"),
     (143, "128 + 15, SIGTERM"), (192, "128 + 64"), (255, "own number")],
)  # fmt: skip
def test_exit_codes_have_meanings(code, words):
    assert words in exit_words(code)


def test_every_state_is_explained():
    assert set(MEANINGS) == set(KEPT) == set(VERBS) == set(STATES)


# ---------------------------------------------------------------------------------------- picture


@pytest.fixture
def life():
    return told(*BORN, event("die", 3, exitCode=1), event("start", 4), event("die", 5, exitCode=9),
                event("start", 6), event("kill", 7, signal=9), event("die", 7, exitCode=137),
                policy="on-failure")  # fmt: skip


def frame_of(group):
    return next(item for item in group.items if isinstance(item, Box))


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
def test_picture_shows_every_state_and_where_it_is(life, narrow):
    scene = draw_life(life, narrow=narrow)
    ET.fromstring(to_svg(scene))
    groups = {item.key: item for item in scene.items if isinstance(item, Group)}
    assert set(groups) == set(STATES)
    assert frame_of(groups["exited"]).width == 3  # now
    assert not frame_of(groups["running"]).dash
    assert frame_of(groups["paused"]).dash  # never
    words = {item.text for group in groups.values() for item in group.items
             if isinstance(item, Label)}  # fmt: skip
    assert "now" in words
    assert any("137" in word for word in words)
    assert groups["exited"].label.endswith("visited once; exit code 137; now")
    assert "never reached" in groups["dead"].label
    for item in (*scene.items, *(i for group in groups.values() for i in group.items)):
        if isinstance(item, Box):
            assert item.x >= 0
            assert item.x + item.w <= scene.width
        elif isinstance(item, Label) and item.anchor == "start":
            assert item.x + item.extent <= scene.width


def test_ways_that_were_taken_are_heavier_and_counted(life):
    scene = draw_life(life)
    heavy = [item for item in scene.items if isinstance(item, Stroke) and item.width == 2.4]
    assert len(heavy) == 4  # create to run, two of the policy, the end
    words = [item.text for item in scene.items if isinstance(item, Label)]
    assert "start, after a wait ×2" in words
    assert "kill" not in words
    life.feed(event("start", 8))
    life.feed(event("pause", 9))
    life.feed(event("die", 10, exitCode=137))
    life.stays[-1] = type(life.stays[-1])("exited", 10, "end", 137)
    assert "kill" in [item.text for item in draw_life(life).items if isinstance(item, Label)]


def test_a_long_path_keeps_its_end():
    ends = [event(("pause", "unpause")[n % 2], 3 + n) for n in range(80)]
    scene = draw_life(told(*BORN, *ends))
    words = [item.text for item in scene.items if isinstance(item, Label)]
    assert any(word.endswith("+ ") for word in words)
    assert words[-1] == "running"


def test_picture_says_what_it_shows(life):
    said = describe(life)
    assert said.startswith("box is exited, exit code 137.")
    assert "created → running → restarting (1)" in said
    assert "Nothing is known" in describe(Life("box"))


def test_twin_says_the_same_without_times(life):
    twin = life_table(life)
    assert twin == life_table(life)
    assert "now  exited           1" in twin
    assert " 3. restarting" in twin
    life.error = "no such file"
    life.stays = life.stays[:1]
    assert "It could not be started: no such file" in life_table(life)


# ------------------------------------------------------------------------------------------- feed


def test_times_of_inspect_are_read():
    assert seconds_of("1970-01-01T00:00:10.500000001Z") == pytest.approx(10.5)
    assert seconds_of("1970-01-01T00:00:10Z") == 10
    assert seconds_of("0001-01-01T00:00:00Z") == 0
    assert seconds_of("") == 0


class Stream:
    def __init__(self, lines):
        self.lines = lines

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def json_lines(self):
        yield from self.lines


class Api:
    """An engine with one container; ``past`` is what it remembers."""

    def __init__(self, *past, status="running", code=0, error=None):
        self.past, self.status, self.code, self.error = list(past), status, code, error
        self.calls, self.stream, self.asked = [], Stream([]), 0

    def container_inspect(self, _ref):
        self.asked += 1
        if self.error:
            raise self.error
        return {
            "Name": "/box",
            "Created": "1970-01-01T00:00:01Z",
            "Config": {"StopSignal": ""},
            "HostConfig": {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}},
            "State": {
                "Status": self.status, "ExitCode": self.code, "Error": "",
                "StartedAt": "1970-01-01T00:00:02Z", "FinishedAt": "1970-01-01T00:00:03Z",
            },
        }  # fmt: skip

    def events(self, **_):
        return iter(json.loads(json.dumps(self.past)))

    def open(self, *_):
        return self.stream

    def call(self, method, path):
        self.calls.append((method, path))
        if self.error:
            raise self.error

    def close(self):
        pass


def test_a_life_is_read_from_what_the_engine_remembers():
    biographer = Biographer(Api(*BORN), "id")
    assert biographer.life.path() == "created → running"
    assert biographer.life.is_complete
    assert not biographer.refresh()
    assert not biographer.take(BORN[0])  # known


def test_an_old_life_begins_with_what_inspect_says():
    biographer = Biographer(Api(status="exited", code=4), "id")
    assert biographer.life.path() == "created → running → exited (4)"
    assert not biographer.life.is_complete
    assert "not known any more" in describe(biographer.life)


def test_inspect_is_believed_where_events_are_missing():
    api = Api(*BORN)
    biographer = Biographer(api, "id")
    api.status, api.code = "exited", 137
    assert biographer.refresh()
    assert biographer.life.path() == "created → running → exited (137)"
    api.status = "removing"
    assert not biographer.refresh()
    api.error = NotFound("no such container")
    assert biographer.refresh()
    assert biographer.life.state == "removed"


def test_inspect_is_not_believed_when_the_follower_knows_better_meanwhile():
    class Overtaken(Api):
        """While ``inspect`` is on its way, the follower hears of another start."""

        def container_inspect(self, ref):
            attrs = super().container_inspect(ref)
            if self.asked == 3:
                self.past.append(event("start", 4))
                self.status = "running"
                biographer.take(self.past[-1])
            return attrs

    api = Overtaken(*BORN)
    biographer = Biographer(api, "id")
    api.past.append(event("die", 3, exitCode=137))
    api.status, api.code = "exited", 137
    biographer.refresh()
    assert biographer.life.path() == "created → running → exited (137) → running"


def test_a_follower_ends_with_its_container():
    api = Api(*BORN)
    biographer, changes = Biographer(api, "id"), []
    end = [event("die", 3, exitCode=0), event("destroy", 4)]
    api.stream = Stream(end)
    follower = Follower(biographer, lambda: changes.append(biographer.life.state), changes.append)
    follower.start()
    assert follower.join(5)
    assert changes == ["exited", "removed"]


def test_a_follower_says_what_went_wrong_and_can_be_stopped():
    api, said = Api(*BORN), []
    biographer = Biographer(api, "id")

    def broken(*_):
        raise Unavailable("no engine there")

    api.open = broken

    def failed(what):
        said.append(what)
        follower.stop()

    follower = Follower(biographer, lambda: None, failed)
    follower.start()
    assert follower.join(5)
    assert said == ["no engine there"]


# ------------------------------------------------------------------------------------------- view


def view_of(*events, **state):
    api = Api(*events, **state)
    return Lifecycle(Biographer(api, "id"), live=False), api


def test_view_follows_and_explains():
    view, api = view_of(*BORN)
    assert view.state == view.selected == "running"
    assert view.verbs == ["stop", "kill", "pause", "restart"]
    assert view.details["exited"]["visits"] == 0
    view.selected = "dead"  # somebody reads
    api.past.append(event("die", 3, exitCode=2))
    api.status, api.code = "exited", 2
    assert "exited           1" in repr(view)  # asks by itself
    assert view.selected == "dead"
    assert view.verbs == ["start", "remove"]
    assert [row[0] for row in view.seconds] == ["created", "running", "exited"]
    assert view.happenings[-1][:2] == [2.0, "exited"]
    assert view.message == "box is exited, exit code 2."
    view.close()


def finished(view):
    for thread in threading.enumerate():
        if thread.name.startswith("lifecycle-"):
            thread.join(5)
    return not view.busy


@pytest.mark.parametrize(
    ("state", "verb", "call"),
    [
        ("running", "stop", ("POST", "/containers/id/stop")),
        ("exited", "start", ("POST", "/containers/id/start")),
        ("exited", "remove", ("DELETE", "/containers/id")),
        ("running", "remove", None),
        ("exited", "nonsense", None),
    ],
)
def test_buttons_do_what_the_state_allows(state, verb, call):
    end = [event("die", 3, exitCode=0)] if state == "exited" else []
    view, api = view_of(*BORN, *end, status=state)
    view._on_message(view, {"do": verb}, [])
    assert finished(view)
    assert api.calls == ([call] if call else [])
    view.close()


def test_a_refusal_is_shown():
    view, api = view_of(*BORN)
    api.error = Conflict("it is busy")
    view._on_message(view, {"do": "stop"}, [])
    assert finished(view)
    assert view.message == "it is busy"
    view._on_message(view, "nonsense", [])
    view.close()


def test_saved_form_has_picture_and_words():
    view, _ = view_of(*BORN)
    data, metadata = view._repr_mimebundle_()
    assert data["image/png"].startswith("iVBOR")
    assert "box is running." in data["text/plain"]
    assert metadata["image/png"]["alt"].startswith("The life of box")
    view.close()

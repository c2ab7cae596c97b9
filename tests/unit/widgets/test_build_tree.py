import re
import xml.etree.ElementTree as ET

import pytest

from pyminidocker.build import records
from pyminidocker.client.build_steps import FAILED, RUNNING, UNNEEDED, UNREACHED, WAITING
from pyminidocker.errors import InvalidArgument
from pyminidocker.widgets.buildtree.model import (
    CACHED,
    CHANGED,
    FOLLOWS,
    MEANINGS,
    SIGNS,
    WHYS,
    BuildRun,
    align,
)
from pyminidocker.widgets.buildtree.scene import draw_build, mark
from pyminidocker.widgets.buildtree.twin import build_table
from pyminidocker.widgets.buildtree.view import BuildTree, build_tree
from pyminidocker.widgets.scene import Group, Label, Stroke
from pyminidocker.widgets.svg import to_svg
from tests.support.build_records import build, planned, step

read = BuildRun.read


def states(run):
    return {name: one.state for name, one in run.steps.items()}


def plan_of(*texts):
    """Return a build of one stage that has not begun."""
    steps = [records.PlannedStep(f"1.{n}", "", 0, n, len(texts), n, text)
             for n, text in enumerate(texts, 1)]  # fmt: skip
    return read([records.plan(steps)])


def one_step(state):
    """Return a step in a state."""
    (step,) = plan_of("RUN x").steps.values()
    told = step.told
    told.state = "done" if state in (CACHED, CHANGED, FOLLOWS) else state
    told.cached, told.code = state == CACHED, "parent" if state == FOLLOWS else ""
    assert step.state == state
    return step


# --------------------------------------------------------------------------------- reading records


def test_the_first_build_carries_everything_out():
    run = read(build())
    assert set(states(run).values()) == {CHANGED, UNNEEDED}
    assert (run.is_over, run.name) == (True, "friendly:latest")
    assert run.summary() == "8 steps: 0 from the cache, 8 carried out (6MB of new layers)."


def test_what_changed_is_told_from_what_follows():
    run = read(build(changed="3.3"))
    found = states(run)
    assert found.pop("3.3") == CHANGED
    assert (found.pop("3.4"), found.pop("3.5")) == (FOLLOWS, FOLLOWS)
    assert {found.pop("2.1"), found.pop("2.2")} == {UNNEEDED}
    assert set(found.values()) == {CACHED}
    assert run.steps["3.3"].why == "content of app.py changed"
    assert run.steps["1.2"].why == WHYS["hit"]


def test_a_failed_step_says_why_and_where():
    run = read(build(failing="1.3"))
    failed = run.steps["1.3"]
    assert (failed.state, run.is_over) == (FAILED, True)
    assert failed.why == "process '/bin/sh -c pip wheel' exited with code 1"
    assert build_tree(run).details["1.3"]["output"].endswith(">> 3 | RUN pip wheel")
    assert "1 failed, 5 not reached" in run.summary()
    assert run.steps["3.1"].state == UNREACHED


def test_records_of_a_newer_kind_are_passed_over():
    run = read(build())
    assert not run.feed({"Something": "new"})
    assert not run.feed({"Started": "99.1"})
    assert not run.feed({"Container": "3.2", "ContainerId": "abc"})


def test_a_second_plan_keeps_what_is_known():
    """A base image's ONBUILD adds steps when its stage is reached."""
    run = read([records.plan(planned()), *step("1.1", hit=True, code="hit")])
    more = [*planned(), *planned()[-1:]]
    run.feed(records.plan(more))
    assert run.steps["1.1"].state == CACHED
    assert run.steps["3.1"].state == WAITING


def test_output_changes_no_picture_and_is_shown_in_part():
    run = read([records.plan(planned())])
    for n in range(50):
        assert not run.feed(records.output("1.3", "stdout", f"line {n}\n"))
    assert build_tree(run).details["1.3"]["output"].splitlines()[0] == "line 26"


# ------------------------------------------------------------------------------ the build before


def test_steps_are_found_again():
    before, now = read(build()), read(build(changed="3.3"))
    before.steps["3.3"].next_guess = False
    before.steps["1.1"].next_guess = False
    assert align(before, now) == []
    assert now.steps["3.3"].before is before.steps["3.3"]
    assert now.steps["3.3"].verdict == "right"
    assert now.steps["1.1"].verdict == "wrong"
    assert "1 of 2 predictions were right" in now.summary()


def test_edited_inserted_and_removed_steps_are_told_apart():
    run = plan_of
    before = run("FROM a", "COPY x .", "RUN one", "CMD c")
    now = run("FROM a", "RUN first", "COPY x .", "RUN two", "CMD c")
    assert align(before, now) == []
    steps = now.steps.values()
    found = {one.told.text: one.before.told.text if one.before else None for one in steps}
    assert found == {
        "FROM a": "FROM a", "RUN first": None, "COPY x .": "COPY x .", "RUN two": "RUN one",
        "CMD c": "CMD c",
    }  # fmt: skip
    gone = align(before, run("FROM a", "CMD c"))
    assert [one.told.text for one in gone] == ["COPY x .", "RUN one"]


# ------------------------------------------------------------------------------------ the picture


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
@pytest.mark.parametrize("still", [False, True], ids=["live", "still"])
def test_picture_has_a_group_for_every_step(narrow, still):
    run = read(build(changed="3.3"))
    scene = draw_build(run, still=still, narrow=narrow)
    svg = to_svg(scene)
    ET.fromstring(svg)
    assert [item.key for item in scene.items if isinstance(item, Group)] == list(run.steps)
    assert ("1.25 s" in svg) is not still
    assert scene.desc.startswith("8 steps: 5 from the cache")
    assert scene.width == (400 if narrow else 868)


def test_a_copy_from_another_stage_is_a_line():
    run = read(build())
    lines = [i for i in draw_build(run).items if isinstance(i, Stroke) and "violet" in i.stroke]
    assert len(lines) == 2  # the way, and its head
    run.steps["3.2"].told.needs = ()
    assert not [i for i in draw_build(run).items if isinstance(i, Stroke) and "violet" in i.stroke]


def test_results_differ_in_shape_and_word_not_in_colour_alone():
    shapes = set()
    for state in SIGNS:
        items = mark(0, 0, one_step(state))
        svg = "".join(repr(item) for item in items)
        colourless = re.sub(r"'[a-z-]*(green|orange|red|blue|slate|paper)[a-z-]*'", "''", svg)
        filled = tuple(bool(getattr(item, "fill", "")) and item.fill != "paper" for item in items)
        shapes.add((colourless, filled))
    assert len(shapes) == len(SIGNS) == len(set(SIGNS.values()))
    assert set(SIGNS) == set(MEANINGS)


def test_a_long_build_is_folded():
    run = plan_of(*(f"RUN step {n}" for n in range(100)))
    scene = draw_build(run)
    assert "and 40 more" in [item.text for item in scene.items if isinstance(item, Label)]
    assert scene.height < 3000


def test_a_heredoc_is_shown_by_its_first_line():
    assert "RUN <<EOF ..." in build_table(plan_of("RUN <<EOF\necho a\nEOF"))


def test_twin_says_what_the_picture_says():
    twin = build_table(read(build(changed="3.3")))
    row = next(line for line in twin.splitlines() if "COPY app.py" in line)
    assert re.split(r"\s{2,}", row) == [
        "stage-2 3/5", "COPY app.py /app/", "* carried out", "3.4kB", "content of app.py changed",
    ]  # fmt: skip
    assert "builder 2/3" in twin
    assert "- not needed: left out" in twin
    assert "1.25" not in twin
    assert build_table(BuildRun()) == "No build yet."


# --------------------------------------------------------------------------------------- the view


class Built:
    def __init__(self, made):
        self.records = made


def test_view_shows_what_a_build_returned():
    view = build_tree(Built(build(changed="3.3")), previous=Built(build()))
    detail = view.details["3.3"]
    assert detail["reasons"] == ["content of app.py changed"]
    assert detail["before"] == "The build before: carried out, 3.4kB, 1.25 s."
    assert ["layer", "sha256:" + "33" * 32] in detail["facts"]
    assert detail["output"] == "working on 3.3"
    assert view.text() == str(view)
    assert build_tree(view).run is view.run
    with pytest.raises(InvalidArgument, match="not a build"):
        build_tree(7)


def test_view_follows_a_build_record_by_record():
    view = build_tree()
    assert "No build yet" in view.text()
    first = build()
    view(first[0])
    assert view.is_going_on
    assert states(view.run)["1.1"] == WAITING
    view(first[1])
    assert view.run.steps["1.1"].state == RUNNING
    for record in first[2:]:
        view(record)
    assert not view.is_going_on
    assert view.message == view.run.summary()
    assert view.pictures["wide"].count("carried out") >= 8
    before = view.run
    for record in build(changed="3.3"):
        view(record)
    assert view.previous is before
    assert view.run.steps["1.1"].state == CACHED


def test_predictions_are_put_to_the_test_by_the_next_build():
    view = build_tree(build())
    view.predict({"COPY app.py": False, "builder 2/3": True, "3.1": False})
    assert "(next: carried out?)" in view.text()
    with pytest.raises(InvalidArgument, match="3 steps begin with 'COPY'"):
        view.predict({"COPY": True})
    with pytest.raises(InvalidArgument, match="no steps begin with 'NOPE'"):
        view.predict({"NOPE": True})
    for record in build(changed="3.3"):
        view(record)
    verdicts = {name: one.verdict for name, one in view.run.steps.items() if one.verdict}
    assert verdicts == {"3.3": "right", "1.2": "right", "3.1": "wrong"}
    assert "2 of 3 predictions were right" in view.message
    assert "= cached !" in view.text()
    assert view.details["3.1"]["verdict"] == "wrong"


def test_view_takes_predictions_from_the_page():
    view = build_tree(build())
    said = []
    for _ in range(3):
        view._on_message(view, {"do": "guess", "key": "3.3"}, [])
        said.append(view.run.steps["3.3"].next_guess)
    assert said == [True, False, None]
    for nonsense in ("text", {"do": "guess", "key": "77"}, {"do": "fly"}):
        view._on_message(view, nonsense, [])
    waiting = BuildTree(read([records.plan(planned())]))
    waiting._on_message(waiting, {"do": "guess", "key": "1.1"}, [])
    assert waiting.run.steps["1.1"].guess is True


def test_the_saved_picture_is_the_same_on_every_run():
    once, again = build(), build()
    for record in again:
        if "Finished" in record:
            record["Seconds"] = 7.5
    one, other = build_tree(once), build_tree(again)
    assert one.text() == other.text()
    assert one.png() == other.png()
    assert one.pictures != other.pictures

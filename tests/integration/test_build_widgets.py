"""The build tree and the argv calculator on real builds and containers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyminidocker.client.build import BuildError
from pyminidocker.client.engine import Engine
from pyminidocker.errors import NotFound
from tests.support import builds

pytest.importorskip("anywidget")
from pyminidocker.widgets import argv_calculator, build_tree
from pyminidocker.widgets.argv.model import EXEC, NONE, SHELL

STEPS = """FROM busybox AS kitchen
COPY recipe.txt /recipe.txt
RUN cat /recipe.txt > /meal
FROM busybox AS unused
RUN sleep 1
FROM busybox
COPY --from=kitchen /meal /meal
CMD ["cat", "/meal"]
"""


@pytest.fixture
def source(shared_engine: Engine, tmp_path: Path) -> Iterator[Path]:
    """A context; what is built of it goes again."""
    (tmp_path / "Dockerfile").write_text(STEPS)
    (tmp_path / "recipe.txt").write_text("soup\n")
    with builds.tidy(shared_engine):
        yield tmp_path


def test_tree_follows_a_build_and_explains_the_next(shared_engine: Engine, source: Path) -> None:
    tree = build_tree()
    seen: list[str] = []

    def watch(record: dict[str, object]) -> None:
        tree(record)
        seen.append(tree.text())

    shared_engine.build(source, tag="meal", progress=watch)
    assert any("> running" in text for text in seen)
    states = {step.label: step.state for step in tree.run.steps.values()}
    assert states["unused 2/2"] == "not needed"
    assert states["kitchen 3/3"] == "carried out"
    tree.predict({"kitchen 2/3": False, "kitchen 3/3": True})
    (source / "recipe.txt").write_text("bread\n")
    shared_engine.build(source, tag="meal", progress=tree)
    copied, cooked = tree.step("kitchen 2/3"), tree.step("kitchen 3/3")
    assert (copied.state, copied.verdict) == ("carried out", "right")
    assert "recipe.txt" in copied.why
    assert cooked.verdict == "wrong"
    assert tree.step("CMD").state == "follows"
    assert "needed by" not in tree.text()
    shared_engine.build(source, tag="meal", progress=tree)
    assert {s.state for s in tree.run.steps.values()} == {"cached", "not needed"}
    assert shared_engine.run("meal") == "bread\n"


def test_tree_is_the_same_on_every_run(shared_engine: Engine, source: Path) -> None:
    shared_engine.build(source, progress="quiet")
    trees = [build_tree(shared_engine.build(source, progress="quiet")) for _ in range(2)]
    assert trees[0].text() == trees[1].text()
    assert trees[0].png() == trees[1].png()


def test_tree_of_a_build_that_failed(shared_engine: Engine, source: Path) -> None:
    (source / "Dockerfile").write_text("FROM busybox\nRUN echo so far\nRUN exit 3\nRUN true\n")
    with pytest.raises(BuildError) as failure:
        shared_engine.build(source, progress="quiet")
    tree = build_tree(failure.value)
    states = [step.state for step in tree.run.steps.values()]
    assert states == ["cached", "carried out", "failed", "not reached"]
    assert "3" in tree.step("RUN exit").why
    assert ">" in tree.details[tree.step("RUN exit").told.id]["output"]


def test_calculator_agrees_with_what_happens(shared_engine: Engine) -> None:
    """All nine combinations, with and without words of run: the rules against real containers."""
    for args in ("", "moon"):
        view = argv_calculator("say hello", '["world"]', args, engine=shared_engine)
        view.run_all()
        assert len(view.sum.seen) == 9
        for (entrypoint, cmd), seen in view.sum.seen.items():
            argv = view.sum.combination(entrypoint, cmd).argv
            if seen.argv:  # what create accepted
                assert seen.argv == argv, (entrypoint, cmd)
        assert view.sum.seen[EXEC, EXEC].heard
        assert view.sum.seen[EXEC, EXEC].said == f"I was given: [hello] [{args or 'world'}]"
        view.close()
    assert "not found" in view.sum.seen[NONE, EXEC].error


def test_calculator_shows_who_hears_the_signal(shared_engine: Engine) -> None:
    view = argv_calculator("say hello; true", "", engine=shared_engine)
    missed = view.run().observed
    assert missed is not None
    assert missed.heard is False
    assert (missed.process, missed.others) == ("sh", ("say",))
    assert missed.cmdline == ("/bin/sh", "-c", "say hello; true")
    heard = view.write("exec say hello").run().observed
    assert heard is not None
    assert heard.heard
    assert heard.process == "say"
    ended = view.write('["echo", "done"]').run().observed
    assert ended is not None
    assert (ended.heard, ended.said, ended.exit_code) == (None, "done", 0)
    assert view.sum.chosen == (EXEC, NONE)
    assert SHELL in view.sum.forms("ENTRYPOINT")
    view.close()
    assert not shared_engine.containers(all=True)


def test_calculator_needs_an_image(shared_engine: Engine) -> None:
    with pytest.raises(NotFound):
        argv_calculator(image="nothing-like-this", engine=shared_engine)

"""The build cache's journal: what it keeps, and what a killed engine may leave of it."""

from pathlib import Path

from pyminidocker.images.cached_steps import CachedStep, CachedSteps
from pyminidocker.images.store import ImageStore
from pyminidocker.oci.digest import sha256


def step(key, **fields):
    return CachedStep(key, keyword="RUN", **fields)


def test_records_survive_and_uses_are_counted(tmp_path):
    directory = str(tmp_path / "build")
    steps = CachedSteps(directory)
    assert not Path(directory).exists()
    steps.put(step("a", layer="l", diff_id="d", blob="b", last_used=1.0))
    steps.put(step("b"))
    steps.use(["a", "nosuch"], 5.0)
    steps.put(step("b", seconds=2.0))
    again = CachedSteps(directory)
    assert [(x.key, x.last_used, x.use_count) for x in again.all()] == [("a", 5.0, 1), ("b", 0, 0)]
    assert again.get("b").seconds == 2.0
    assert (again.layers(), again.blobs()) == ({"l"}, {"b"})
    assert [x.key for x in again.remove(["a", "nosuch"])] == ["a"]
    assert [x.key for x in CachedSteps(directory).all()] == ["b"]


def test_half_a_line_and_strange_lines_cost_one_record(tmp_path):
    directory = str(tmp_path / "build")
    CachedSteps(directory).put(step("a"))
    journal = Path(f"{directory}/steps.jsonl")
    journal.write_bytes(journal.read_bytes() + b'\xff\n{"step":7}\n{"step":{"key":"ha')
    steps = CachedSteps(directory)
    assert [x.key for x in steps.all()] == ["a"]
    steps.put(step("b"))
    assert [x.key for x in CachedSteps(directory).all()] == ["a", "b"]


def test_the_journal_does_not_grow_for_ever(tmp_path):
    directory = str(tmp_path / "build")
    steps = CachedSteps(directory)
    steps.put(step("a"))
    for turn in range(3000):
        steps.use(["a"], float(turn))
    assert len(Path(f"{directory}/steps.jsonl").read_bytes().splitlines()) < 2000
    assert CachedSteps(directory).get("a").use_count == 3000


def test_what_was_built_on_another_result_goes(tmp_path):
    directory = str(tmp_path / "build")
    steps = CachedSteps(directory)
    for key, parent in (("a", "base"), ("b", "after a"), ("c", "after b"), ("other", "base")):
        steps.put(step(key, parent=parent, state=f"after {key}"))
    steps.put(step("a", parent="base", state="after a"))
    assert [x.key for x in steps.all()] == ["a", "b", "c", "other"]
    steps.put(step("a", parent="base", state="after a, done anew"))
    assert [x.key for x in steps.all()] == ["a", "other"]
    assert [x.key for x in CachedSteps(directory).all()] == ["a", "other"]


def test_lists_of_files_go_with_the_last_step_that_has_them(tmp_path):
    directory = str(tmp_path / "build")
    steps = CachedSteps(directory)
    digest = sha256(b"x")
    for key in ("a", "b"):
        steps.put(step(key, files=digest), {"f": "file"})
    assert steps.files(digest) == {"f": "file"}
    steps.remove(["a"])
    assert steps.files(digest) == {"f": "file"}
    steps.remove(["b"])
    assert steps.files(digest) == {}
    assert list(Path(f"{directory}/files").iterdir()) == []


def test_the_store_keeps_what_a_cached_step_made(tmp_path):
    state = str(tmp_path)
    store = ImageStore(state)
    with store.lease():
        stored = store.add_layer("", [b"\0" * 1024])
        made = step(
            "a", layer=stored.layer.chain_id, diff_id=stored.layer.diff_id, blob=stored.blob
        )
        store.cached_steps.put(made)
    for kept in (store, ImageStore(state)):
        assert kept.layers.get(stored.layer.chain_id) is not None
        assert kept.blobs.has(stored.blob)
    kept.cached_steps.remove(["a"])
    kept.collect_garbage()
    assert kept.layers.get(stored.layer.chain_id) is None
    assert not kept.blobs.has(stored.blob)

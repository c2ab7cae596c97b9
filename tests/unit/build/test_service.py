"""The end of a build: the image and its names."""

import asyncio
from types import SimpleNamespace

import pytest

from pyminidocker.build import service
from pyminidocker.build.options import BuildOptions
from pyminidocker.build.state import State
from pyminidocker.errors import InvalidArgument
from pyminidocker.images.store import ImageStore


@pytest.fixture
def builder(tmp_path):
    events = SimpleNamespace(emit=lambda *_: None)
    images = SimpleNamespace(store=ImageStore(str(tmp_path / "state")))
    engine = SimpleNamespace(images=images, events=events, state_dir=str(tmp_path / "state"))
    return service.Builder(engine)


def test_a_prune_beside_a_build_leaves_its_image(builder, monkeypatch):
    """Between the image's making and its naming there is no moment without a name."""
    store = builder.engine.images.store
    state = State("amd64")
    state.add(created="2026-01-01T00:00:00Z", created_by="ENV A=1", key="k", stored=None)
    assemble = service.assemble

    def and_prune(*arguments, **options):
        image = assemble(*arguments, **options)
        store.prune()
        return image

    monkeypatch.setattr(service, "assemble", and_prune)
    image = asyncio.run(builder._publish(state, ["app:1", "app:2"]))
    assert store.tags(image.id) == ["app:1", "app:2"]


def test_no_image_is_called_like_a_digest(builder):
    with pytest.raises(InvalidArgument, match="ambiguous tag"):
        builder.plan(BuildOptions(tags=("sha256:abc",)), None)

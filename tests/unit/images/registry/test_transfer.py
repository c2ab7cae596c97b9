"""Pulls and pushes that meet somebody else's doings at the wrong moment."""

import gzip
import os

import pytest

from pyminidocker.images.blobs import BlobStore
from pyminidocker.images.registry.attempts import Cancelled
from pyminidocker.images.registry.auth import ANONYMOUS
from pyminidocker.images.registry.downloads import Downloads
from pyminidocker.images.registry.endpoints import Settings
from pyminidocker.images.registry.failures import Broken
from pyminidocker.images.registry.known import Known
from pyminidocker.images.registry.pull import Pull
from pyminidocker.images.registry.push import Push
from pyminidocker.oci.digest import sha256
from pyminidocker.oci.image_spec import MEDIA_LAYER, Descriptor
from pyminidocker.oci.reference import parse

DATA = os.urandom(1000) * 100


class Store:
    def __init__(self, directory: str) -> None:
        self.blobs = BlobStore(directory)


def test_a_cancel_between_two_registries():
    """It comes when the first one has failed, and everything is made ready for the next."""

    class Http:
        def abort(self):
            pass

        def resume(self):
            pull.cancel()

    class Failing(Pull):
        def _from(self, *_, **__):
            asked.append(self)
            raise Broken("cut")

    asked: list[Pull] = []
    pull = Failing(None, None, Http(), Settings(), ANONYMOUS, lambda _: None)
    with pytest.raises(Cancelled):
        pull.run([[], []], parse("a/b").with_default_tag())
    assert len(asked) == 1


def test_image_prune_while_a_layer_is_sent(tmp_path):
    """What broken pulls left goes, and what a push has packed stays until it is sent."""

    class Sending(Push):
        def _blob(self, _session, _tag, _blob, path, _meter):
            Downloads(scratch, store.blobs).sweep(0)
            with open(path, "rb") as file:
                sent.append(file.read())
            return "Pushed"

    scratch, sent = str(tmp_path / "downloads"), []
    store = Store(str(tmp_path / "blobs"))
    digest = store.blobs.put(DATA)
    assert digest == sha256(DATA)
    known = Known(str(tmp_path / "transfers.json"))
    push = Sending(store, known, scratch, None, Settings(), ANONYMOUS, lambda _: None)
    packed = push._layer(None, parse("a/b:1"), Descriptor(MEDIA_LAYER, digest, len(DATA)))
    assert sha256(sent[0]) == packed.digest
    assert gzip.decompress(sent[0]) == DATA
    assert os.listdir(scratch) == []

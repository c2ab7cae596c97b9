"""What is told when a registry cannot be reached."""

from pyminidocker.images.registry.failures import Unreachable, explain
from pyminidocker.oci.reference import parse


def hint(name, **options):
    return explain(Unreachable("no such host"), parse(name), **options).hint


def test_who_pulls_a_base_image_may_make_it_and_who_pushes_it_has_it():
    assert "minidocker image bootstrap busybox" in hint("busybox")
    assert "bootstrap" not in hint("busybox", is_push=True)
    assert "minidocker tag busybox HOST:PORT/busybox" in hint("busybox", is_push=True)
    assert hint("127.0.0.1:5000/busybox", is_push=True) == (
        "does a registry listen at 127.0.0.1:5000?"
    )

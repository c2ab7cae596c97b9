"""A container that wrote nothing leaves a directory that can serve again."""

import os


def test_an_overlay_mount_leaves_no_mark_in_the_writable_layer(engine):
    """Linux 6.6 and newer write an identity there unless told not to."""
    box = engine.create("busybox", "true", name="clean")
    assert box.start().wait() == 0
    layer = f"{engine.api.engine_facts()['StateDir']}/containers/{box.id}/diff"
    marks = os.listxattr(layer)
    files = os.listdir(layer)
    box.remove()
    assert (marks, files) == ([], [])

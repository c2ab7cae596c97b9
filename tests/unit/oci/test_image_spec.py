"""The documents of an image: stable bytes, unknown fields ignored, wrong ones named."""

import json

import pytest

from pyminidocker.oci.image_spec import (
    MEDIA_CONFIG,
    Descriptor,
    History,
    ImageConfig,
    Manifest,
    RootFs,
    RunConfig,
    decode_config,
    decode_index,
    decode_manifest,
    encode,
)

CONFIG = ImageConfig(
    architecture="amd64",
    os="linux",
    rootfs=RootFs(["sha256:" + "0" * 64]),
    created="2026-01-01T00:00:00Z",
    config=RunConfig(cmd=["sh"], env=["A=1"], exposed_ports={"80/tcp": {}}, labels={"k": "v"}),
    history=[History(created_by="ADD x /"), History(created_by="CMD sh", empty_layer=True)],
)


def test_names_on_the_wire_are_the_specifications():
    document = json.loads(encode(CONFIG))
    assert document["config"] == {
        "Cmd": ["sh"],
        "Env": ["A=1"],
        "ExposedPorts": {"80/tcp": {}},
        "Labels": {"k": "v"},
    }
    assert document["rootfs"] == {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]}
    assert document["history"][1] == {"created_by": "CMD sh", "empty_layer": True}


def test_what_is_written_is_read_back():
    assert decode_config(encode(CONFIG)) == CONFIG
    manifest = Manifest(Descriptor(MEDIA_CONFIG, "sha256:" + "1" * 64, 3), [], 2)
    assert decode_manifest(encode(manifest)) == manifest
    assert json.loads(encode(manifest))["schemaVersion"] == 2


def test_unknown_fields_are_ignored():
    data = json.loads(encode(CONFIG)) | {"docker_version": "20.10", "container": "abc"}
    assert decode_config(json.dumps(data).encode()).config.cmd == ["sh"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"architecture": 1}'])
def test_damage_is_a_value_error(text):
    for decode in (decode_config, decode_manifest, decode_index):
        with pytest.raises(ValueError):  # noqa: PT011 - the words are msgspec's
            decode(text.encode())

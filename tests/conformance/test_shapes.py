"""Every key that dockerd 20.10 sends is there, with a value of the same JSON type.

``dockerd_20_10.json`` is what a real dockerd answered, each value replaced by its type.
"""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.requires("busybox")

SHAPES = json.loads(Path(__file__).with_name("dockerd_20_10.json").read_text())
# What belongs to that one machine, or to its containerd and runc.
ELSEWHERE = {"Components", "Runtimes", "IndexConfigs", "DriverStatus", "Data", "Config.Volumes"}
TYPES = {bool: "boolean", int: "number", float: "number", str: "string", type(None): "null"}


def differences(expected, found, where=""):
    """Yield what ``found`` lacks or has with another type; null and "" fit everything."""
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            if found is not None:
                yield f"{where}: {type(found).__name__} instead of an object"
            return
        for key, inner in expected.items():
            if key in ELSEWHERE:
                continue
            if key not in found:
                yield f"{where}.{key} is missing"
            else:
                yield from differences(inner, found[key], f"{where}.{key}")
    elif isinstance(expected, list):
        if isinstance(found, list):
            if expected and found:
                yield from differences(expected[0], found[0], f"{where}[]")
        elif found is not None:
            yield f"{where}: {type(found).__name__} instead of an array"
    elif expected != "null" and found is not None and TYPES.get(type(found)) != expected:
        yield f"{where}: {type(found).__name__} instead of {expected}"


@pytest.fixture
def answers(engine):
    api = engine.api
    config = {
        "Image": "busybox",
        "Cmd": ["sleep", "600"],
        "Labels": {"a": "b"},
        "Volumes": {"/v": {}},
        "HostConfig": {"NetworkMode": "none", "Binds": ["shape-notes:/data"]},
    }
    container = api.container_create(config, name="shape")["Id"]
    try:
        api.container_start(container)
        exec_id = api.exec_create(container, {"Cmd": ["true"]})["Id"]
        yield {
            "GET /containers/json": api.container_list(),
            "GET /containers/{name}/json": api.container_inspect(container),
            "GET /containers/{name}/top": api.container_top(container),
            "GET /exec/{id}/json": api.exec_inspect(exec_id),
            "GET /images/json": api.image_list(),
            "GET /images/{name}/json": api.image_inspect("busybox"),
            "GET /images/{name}/history": api.image_history("busybox"),
            "GET /info": api.info(),
            "GET /version": api.version(),
            "GET /networks": api.network_list(),
            "GET /volumes/{name}": api.volume_inspect("shape-notes"),
            "GET /system/df": api.disk_usage(),
        }
    finally:
        api.container_remove(container, force=True, volumes=True)
        api.volume_remove("shape-notes")


def test_answers_have_dockerd_s_shape(answers):
    assert answers.keys() == SHAPES.keys()
    found = [
        difference
        for request, expected in SHAPES.items()
        for difference in differences(expected, answers[request], request)
    ]
    assert found == []

"""Scopes of build arguments (moby builder/dockerfile/buildargs.go)."""

import pytest

from pyminidocker.build.args import BuildArguments, StageArguments, platform_arguments


def test_scopes():
    build = BuildArguments(
        {"given": "1", "http_proxy": "p", "unused": "u", "left": None},
        platform_arguments("arm64", "v8"),
    )
    build.declare_global("wide", "w")
    build.declare_global("given", "default")
    assert build.global_value("given") == "1"
    assert build.global_value("http_proxy") is None
    assert build.global_value("TARGETPLATFORM") == "linux/arm64/v8"
    stage = StageArguments(build)
    assert stage.visible([]) == {}
    for key, default in (("wide", None), ("given", "x"), ("own", "o"), ("none", None)):
        stage.declare(key, default)
    assert stage.visible(["own=env"]) == {"given": "1", "wide": "w"}
    assert stage.for_run([]) == {"given": "1", "http_proxy": "p", "own": "o", "wide": "w"}
    lookup = stage.lookup(["own=env", "A=b=c"])
    assert [lookup(x) for x in ("own", "A", "wide", "none")] == ["env", "b=c", "w", None]
    assert StageArguments(build).visible([]) == {}
    assert build.unused() == ["unused"]


def test_a_stage_inherits_from_the_stage_it_begins_with():
    build = BuildArguments({}, {})
    first, second = StageArguments(build), StageArguments(build)
    for key, default in (("kept", "1"), ("again", "2"), ("new", "3"), ("none", None)):
        first.declare(key, default)
    second.inherit(first.known())
    second.declare("again", None)
    second.declare("new", "4")
    assert second.for_run(["kept=env"]) == {"again": "2", "new": "4"}
    assert second.lookup([])("kept") == "1"


def test_a_declared_proxy_is_an_argument_like_others():
    stage = StageArguments(BuildArguments({"http_proxy": "p"}, {}))
    assert stage.visible([]) == {}
    stage.declare("http_proxy", None)
    assert stage.visible([]) == {"http_proxy": "p"}


def test_epoch():
    assert BuildArguments({}, {}).epoch_s() is None
    assert BuildArguments({"SOURCE_DATE_EPOCH": "7"}, {}).epoch_s() == 7
    assert BuildArguments({"SOURCE_DATE_EPOCH": "7"}, {}).unused() == []
    with pytest.raises(ValueError, match="invalid literal"):
        BuildArguments({"SOURCE_DATE_EPOCH": "x"}, {}).epoch_s()

"""Columns and cells of the lists, as docker 28.2 printed them for the same records."""

import json
import time

import pytest

from pyminidocker.cli import listing as lists
from pyminidocker.cli.commands import container_list, image_list, system_df
from pyminidocker.cli.commands.events import line
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.output import pretty, quoted, shorten, table

CONTAINER = {
    "Id": "c7dd7fdbc82f116e8a93aa21c1bc9e9f3cf79081dfbc4031abaa43794dbbec18",
    "Names": ["/aa"],
    "Image": "busybox",
    "ImageID": "sha256:faff0986db310f637997d6eed25a3924c32308db3c3b6f8c6a00b75b80dda664",
    "Command": "sh -c 'echo 1; sleep 100'",
    "Created": 0,
    "Ports": [],
    "Labels": {"x": "y", "b": ""},
    "State": "running",
    "Status": "Up 2 hours",
    "NetworkSettings": {"Networks": {"bridge": {}}},
    "Mounts": [{"Type": "volume", "Name": "vol1", "Driver": "local"}, {"Source": "/a/long/path/x"}],
    "SizeRw": 3,
    "SizeRootFs": 1984172,
}


def shown(capsys, form="", trunc=True, records=None):
    container_list.listing(trunc=trunc).show(
        [dict(CONTAINER, Created=time.time() - 7200)] if records is None else records,
        container_list.COLUMNS,
        form,
    )
    return capsys.readouterr().out


def test_ps(capsys):
    assert shown(capsys) == (
        "CONTAINER ID   IMAGE     COMMAND                  CREATED       STATUS       PORTS     "
        "NAMES\n"
        'c7dd7fdbc82f   busybox   "sh -c \'echo 1; slee…"   2 hours ago   Up 2 hours             '
        "aa\n"
    )
    assert shown(capsys, records=[]) == (
        "CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n"
    )


def test_ps_without_cutting(capsys):
    out = shown(capsys, trunc=False)
    assert CONTAINER["Id"] in out
    assert "\"sh -c 'echo 1; sleep 100'\"" in out


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("{{.Names}}: {{.State}}", "aa: running\n"),
        ("{{.ID}}\\t{{.Image}}", "c7dd7fdbc82f\tbusybox\n"),
        ("table {{.Names}}\\t{{.Status}}", "NAMES     STATUS\naa        Up 2 hours\n"),
        ('{{.Labels}} {{.Label "x"}}', "b=,x=y y\n"),
        ("{{.Mounts}} {{.LocalVolumes}} {{.Networks}}", "vol1,/a/long/path/x 1 bridge\n"),
        ("{{.Size}} {{.RunningFor}}", "3B (virtual 1.98MB) 2 hours ago\n"),
    ],
)
def test_templates(form, text, capsys):
    assert shown(capsys, form) == text


def test_json(capsys):
    assert json.loads(shown(capsys, "json"))["Names"] == "aa"
    image_list.listing(trunc=True).show(
        image_list.rows([{"Id": "sha256:ab", "Created": 0, "Size": 1}], digests=False), (), "json"
    )
    assert '"Repository":"\\u003cnone\\u003e"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("{{.Foo", "failed to parse template: template: :1: unclosed action"),
        ("{{.Foo}}", ("failed to execute template: template: :1:2: executing \"\" at <.Foo>: can't"
                     " evaluate field Foo in type *formatter.ContainerContext")),
    ],
)  # fmt: skip
def test_wrong_templates(form, message, capsys):
    with pytest.raises(Failure) as caught:
        shown(capsys, form)
    assert caught.value.message == message


def test_image_rows():
    image = {"Id": "sha256:ab", "RepoTags": ["a:1", "host:5000/b:2"],
             "RepoDigests": ["a@sha256:cd", "c@sha256:ef"]}  # fmt: skip
    found = [
        (r["Repository"], r["Tag"], r["Digest"]) for r in image_list.rows([image], digests=True)
    ]
    assert found == [
        ("a", "1", "sha256:cd"),
        ("host:5000/b", "2", "<none>"),
        ("c", "<none>", "sha256:ef"),
    ]


def test_disk_usage():
    rows = system_df.summary({
        "LayersSize": 1984172,
        "Images": [{"Size": 1984172, "SharedSize": 0, "Containers": 0}],
        "Containers": [{"SizeRw": 5, "State": "running"}, {"SizeRw": 15, "State": "exited"}],
        "Volumes": [{"UsageData": {"Size": 7, "RefCount": 0}}],
        "BuildCache": None,
    })  # fmt: skip
    assert [(row["Type"], row["Size"], row["Reclaimable"]) for row in rows] == [
        ("Images", "1.984MB", "1.984MB (100%)"),
        ("Containers", "20B", "15B (75%)"),
        ("Local Volumes", "7B", "7B (100%)"),
        ("Build Cache", "0B", "0B"),
    ]


def test_event_line(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    event = {"Type": "container", "Action": "create", "timeNano": 1_000_000_002,
             "Actor": {"ID": "ab", "Attributes": {"name": "n", "image": "i"}}}  # fmt: skip
    assert line(event) == "1970-01-01T00:00:01.000000002Z container create ab (image=i, name=n)"


def test_table_is_gos_tabwriter():
    assert table([["A", "B"], ["123456789", "x"]]) == "A           B\n123456789   x"
    assert table([["A", "B"], ["1", "x"]]) == "A         B\n1         x"
    assert table([]) == ""


def test_small_things():
    assert shorten("abcdef", 4) == "abc…"
    assert quoted('a"\n') == '"a\\"\\n"'
    assert lists.filters(["status=exited", "Status=dead", "label=a=b"]) == {
        "status": ["exited", "dead"],
        "label": ["a=b"],
    }
    for value in ([], {}, {"a": [1, {"b": None}], "c": {}}, [[]], "x", {"ü": 1.5}):
        assert pretty(value) == json.dumps(value, indent=4, ensure_ascii=False)


def test_names_are_sorted_as_the_docker_command_sorts_them():
    names = ["a10", "a2", "a02", "a", "2b", "10", "b", "227a", "97b", "A", "a2x", "", "0ac", "7e"]
    assert sorted(names, key=lists.natural) == [
        "", "0ac", "2b", "7e", "10", "97b", "227a", "A", "a", "a2", "a2x", "a02", "a10", "b",
    ]  # fmt: skip

"""``minidocker network rules|flows|switch|fault``, and the same objects in Python."""

import json

import pytest

from pyminidocker.errors import InvalidArgument
from tests.support.command_line import minidocker


@pytest.fixture
def restored(engine):
    """An engine whose switches are on again afterwards."""
    yield engine
    engine.api.switch(ip_forward=True, masquerade=True)


def test_rules_as_nft_writes_them_and_as_json(engine):
    text = minidocker("network", "rules").stdout
    assert text.startswith("table inet minidocker {")
    assert 'comment "published ports"' in text
    chains = json.loads(minidocker("network", "rules", "--format", "json").stdout)
    assert {"prerouting", "forward", "published", "masquerade"} <= {one["Name"] for one in chains}


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("verb", ["rules", "flows"])
def test_a_format_that_is_not_there_is_refused(verb):
    done = minidocker("network", verb, "--format", "xml")
    assert (done.returncode, done.stdout) == (125, "")
    assert "unknown format 'xml'" in done.stderr


def test_counters_show_what_passed(engine):
    with (
        engine.run("busybox", "sleep 60", detach=True) as one,
        engine.run("busybox", "httpd -f -p 80", detach=True, ports={"80/tcp": None}) as web,
    ):
        published = [rule for rule in engine.rules() if rule["Chain"] == "published"]
        assert len(published) == 1, published
        assert f"dnat ip to {web.ip}:80" in published[0]["Text"]
        assert published[0]["Packets"] == 0
        port = published[0]["Text"].split("dport ")[1].split()[0]
        one.exec(["timeout", "3", "wget", "-qO-", f"http://172.17.0.1:{port}/"])
        again = next(rule for rule in engine.rules() if rule["Chain"] == "published")
        assert again["Packets"] == 1
        assert f"{'minidocker published':<28}        1 packets" in (
            minidocker("network", "rules", "--counters").stdout
        )


def test_flows_show_what_was_rewritten(engine):
    with (
        engine.run("busybox", "sleep 60", detach=True) as one,
        engine.run("busybox", "httpd -f -p 80", detach=True, ports={"80/tcp": None}) as web,
    ):
        rule = next(rule for rule in engine.rules() if rule["Chain"] == "published")
        port = rule["Text"].split("dport ")[1].split()[0]
        one.exec(["timeout", "3", "wget", "-qO-", f"http://172.17.0.1:{port}/"])
        lines = minidocker("network", "flows").stdout.splitlines()
        wanted = f"{one.ip}:"
        found = [line for line in lines if wanted in line and f"172.17.0.1:{port}" in line]
        assert found, lines
        assert f"destination becomes {web.ip}:80" in found[0]
        assert "DESTINATION BECOMES" in repr(engine.flows())


def test_switches_are_shown_and_set(restored):
    assert minidocker("network", "switch").stdout == "ip-forward=on\nmasquerade=on\n"
    shown = minidocker("network", "switch", "masquerade=off", "ip-forward=off").stdout
    assert shown == "ip-forward=off\nmasquerade=off\n"
    assert restored.switches == {"ip_forward": False, "masquerade": False}
    assert "masquerade   off" in repr(restored.switches)


def test_faults_are_listed_broken_and_repaired(restored):
    assert "wrong_vni" in minidocker("network", "fault").stdout.split()
    assert minidocker("network", "fault", "masquerade").stdout == (
        "masquerade: in order (containers reach out with the address of their host)\n"
    )
    assert "broken (containers reach out with their own)" in (
        minidocker("network", "fault", "--break", "masquerade").stdout
    )
    assert "in order" in minidocker("network", "fault", "--repair", "masquerade").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("switch", "masquerade"), "masquerade=on"),
        (("switch", "gravity=off"), "ip-forward=on"),
        (("fault", "gremlins"), "no such fault: gremlins"),
        (("fault", "dns", "nobody"), "No such container: nobody"),
        (("fault", "wrong_vni", "bridge"), "no overlay network"),
        (("fault", "--break", "--repair", "dns", "x"), "exclude each other"),
    ],
)
def test_nonsense_is_told(engine, words, said):
    run = minidocker("network", *words)
    assert run.returncode != 0
    assert said in run.stderr


def test_a_switch_that_is_none(engine):
    with pytest.raises(InvalidArgument, match="no switch 'gravity'"):
        engine.switch("gravity", False)

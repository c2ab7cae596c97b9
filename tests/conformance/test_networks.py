"""Networks through Docker's own clients: what docker-py's tests do, and what people type."""

import json
import re
import time

import pytest

pytestmark = [
    pytest.mark.requires("busybox"),
    # docker-py forgets to close the sockets of its streams
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def tidy(engine):
    """Containers and networks of a test are removed after it."""
    yield
    for container in engine.containers(all=True):
        container.remove(force=True)
    engine.api.network_prune()


@pytest.fixture
def api(sdk):
    """docker-py's plain calls, which its own tests use."""
    return sdk.api


def make(api, name, **options):
    return api.create_network(name, **options)["Id"]


def sleeper(api, networks=None, name=None, **host):
    """A created container; ``networks``: name -> endpoint config."""
    config = api.create_networking_config(networks) if networks else None
    mode = next(iter(networks)) if networks else "default"
    return api.create_container(
        "busybox", "sleep 600", name=name, networking_config=config,
        host_config=api.create_host_config(network_mode=mode, **host),
    )["Id"]  # fmt: skip


def ends(api, container):
    return api.inspect_container(container)["NetworkSettings"]["Networks"]


def run_in(api, container, command):
    made = api.exec_create(container, command)
    output = api.exec_start(made)
    return api.exec_inspect(made)["ExitCode"], output


# -- docker-py: tests/integration/api_network_test.py ----------------------------------------------


def test_list_and_inspect(api):
    one = make(api, "shop", labels={"color": "red"})
    assert one in [network["Id"] for network in api.networks()]
    assert [network["Id"] for network in api.networks(names=["shop"])] == [one]
    assert [network["Id"] for network in api.networks(ids=[one[:10]])] == [one]
    assert [x["Id"] for x in api.networks(filters={"label": "color=red"})] == [one]
    shown = api.inspect_network(one)
    assert shown["Name"] == "shop"
    assert shown["Driver"] == "bridge"
    assert shown["Scope"] == "local"
    assert shown["Labels"] == {"color": "red"}
    assert (shown["Internal"], shown["Attachable"], shown["EnableIPv6"]) == (False, False, False)
    assert api.inspect_network("shop", verbose=True, scope="local")["Id"] == one


def test_ipam_config(api):
    import docker

    pool = docker.types.IPAMPool(
        subnet="172.28.0.0/16", iprange="172.28.5.0/24", gateway="172.28.5.254",
        aux_addresses={"a": "172.28.1.5", "b": "172.28.1.6"},
    )  # fmt: skip
    one = make(api, "shop", ipam=docker.types.IPAMConfig(driver="default", pool_configs=[pool]))
    ipam = api.inspect_network(one)["IPAM"]
    assert ipam.pop("Options", None) in (None, {})
    assert ipam == {
        "Driver": "default",
        "Config": [
            {
                "Subnet": "172.28.0.0/16",
                "IPRange": "172.28.5.0/24",
                "Gateway": "172.28.5.254",
                "AuxiliaryAddresses": {"a": "172.28.1.5", "b": "172.28.1.6"},
            }
        ],
    }


def test_refusals_have_their_status(api):
    import docker

    make(api, "shop")

    def status(call, *args, **options):
        with pytest.raises(docker.errors.APIError) as caught:
            call(*args, **options)
        return caught.value.response.status_code

    assert status(api.create_network, "shop", check_duplicate=True) == 409
    assert status(api.create_network, "x", driver="host") == 403
    assert status(api.create_network, "x", driver="nosuch") == 404
    assert status(api.create_network, "bridge") == 403
    assert status(api.inspect_network, "nosuch") == 404
    assert status(api.remove_network, "nosuch") == 404
    assert status(api.remove_network, "host") == 403
    assert status(api.connect_container_to_network, "nosuch", "shop") == 404
    container = sleeper(api, {"shop": None})
    api.start(container)
    assert status(api.remove_network, "shop") == 403
    assert status(api.connect_container_to_network, container, "shop") == 403
    assert status(api.disconnect_container_from_network, container, "bridge") == 500
    with pytest.raises(docker.errors.APIError) as caught:
        api.leave_swarm()
    assert caught.value.response.status_code == 503


def test_connect_and_disconnect(api):
    import docker

    one = make(api, "shop")
    container = sleeper(api)
    api.start(container)
    assert not api.inspect_network(one)["Containers"]
    api.connect_container_to_network(container, one)
    assert list(api.inspect_network(one)["Containers"]) == [container]
    with pytest.raises(docker.errors.APIError):
        api.connect_container_to_network(container, one)
    api.disconnect_container_from_network(container, one)
    assert not api.inspect_network(one)["Containers"]
    with pytest.raises(docker.errors.APIError):
        api.disconnect_container_from_network(container, one)
    api.connect_container_to_network(container, one)
    api.disconnect_container_from_network(container, one, force=True)
    assert list(ends(api, container)) == ["bridge"]


def test_aliases(api):
    one = make(api, "shop")
    created = sleeper(api, {"shop": api.create_endpoint_config(aliases=["foo", "bar"])})
    api.start(created)
    assert set(ends(api, created)["shop"]["Aliases"]) == {"foo", "bar", created[:12]}
    later = sleeper(api)
    api.start(later)
    api.connect_container_to_network(later, one, aliases=["baz"])
    assert set(ends(api, later)["shop"]["Aliases"]) == {"baz", later[:12]}
    for name in ("foo", "bar", created[:12]):
        assert run_in(api, later, ["ping", "-c", "1", "-W", "1", name])[0] == 0, name
    assert run_in(api, created, ["ping", "-c", "1", "-W", "1", "baz"])[0] == 0


def test_addresses_of_one_s_choice(api):
    import docker

    pools = [docker.types.IPAMPool(subnet="132.124.0.0/16"),
             docker.types.IPAMPool(subnet="fd21:389::/64")]  # fmt: skip
    one = make(api, "shop", enable_ipv6=True, ipam=docker.types.IPAMConfig(pool_configs=pools))
    wish = api.create_endpoint_config(ipv4_address="132.124.0.23", ipv6_address="fd21:389::f00d")
    created = sleeper(api, {"shop": wish})
    assert ends(api, created)["shop"]["IPAMConfig"] == {
        "IPv4Address": "132.124.0.23", "IPv6Address": "fd21:389::f00d",
    }  # fmt: skip
    api.start(created)
    shown = ends(api, created)["shop"]
    assert (shown["IPAddress"], shown["GlobalIPv6Address"]) == ("132.124.0.23", "fd21:389::f00d")
    later = sleeper(api)
    api.start(later)
    api.connect_container_to_network(
        later, one, ipv4_address="132.124.0.24", ipv6_address="fd21:389::f00e"
    )
    shown = ends(api, later)["shop"]
    assert (shown["IPAddress"], shown["GlobalIPv6Address"]) == ("132.124.0.24", "fd21:389::f00e")


def test_links(api):
    make(api, "shop")
    target = sleeper(api, {"shop": None}, name="target")
    api.start(target)
    linked = sleeper(api, {"shop": api.create_endpoint_config(links=[("target", "bar")])})
    api.start(linked)
    assert ends(api, linked)["shop"]["Links"] == ["target:bar"]
    assert run_in(api, linked, ["nslookup", "bar"])[0] == 0
    third = sleeper(api)
    api.start(third)
    api.connect_container_to_network(third, "shop", links=[("target", "baz")])
    assert ends(api, third)["shop"]["Links"] == ["target:baz"]
    assert run_in(api, third, ["ping", "-c", "1", "-W", "1", "baz"])[0] == 0


def test_links_of_the_default_bridge(api):
    target = api.create_container("busybox", "sleep 600", environment={"FOO": "1"})["Id"]
    api.start(target)
    host = api.create_host_config(links={target: "mylink"}, network_mode="bridge")
    linked = api.create_container("busybox", "env", host_config=host)["Id"]
    api.start(linked)
    assert api.wait(linked)["StatusCode"] == 0
    lines = api.logs(linked).decode()
    assert "MYLINK_NAME=" in lines
    assert "MYLINK_ENV_FOO=1" in lines
    name = api.inspect_container(linked)["Name"][1:]
    api.remove_container(f"{name}/mylink", link=True)
    assert len(api.containers(all=True)) == 2
    assert api.inspect_container(linked)["HostConfig"]["Links"] is None


def test_kinds_of_networks(api):
    assert api.inspect_network(make(api, "inner", internal=True))["Internal"] is True
    assert api.inspect_network(make(api, "open", attachable=True))["Attachable"] is True
    spaced = make(api, " with space ")
    assert api.inspect_network(spaced)["Name"] == " with space "
    api.remove_network(spaced)


def test_prune(api):
    make(api, "shop")
    used = make(api, "two")
    api.start(sleeper(api, {"two": None}))
    assert api.prune_networks()["NetworksDeleted"] == ["shop"]
    assert used in [network["Id"] for network in api.networks()]


def test_the_network_objects(sdk):
    network = sdk.networks.create("shop", driver="bridge", labels={"a": "b"})
    assert network.attrs["Labels"] == {"a": "b"}
    container = sdk.containers.run("busybox", "sleep 600", detach=True, network="shop")
    network.reload()
    assert [one.id for one in network.containers] == [container.id]
    network.disconnect(container)
    network.connect(container, aliases=["again"])
    container.reload()
    assert "again" in container.attrs["NetworkSettings"]["Networks"]["shop"]["Aliases"]
    assert {one.name for one in sdk.networks.list()} == {"bridge", "host", "none", "shop"}
    shared = sdk.containers.run(
        "busybox", "hostname", remove=True, network_mode=f"container:{container.id}"
    )
    assert shared.decode().strip() == container.id[:12]
    container.remove(force=True)
    network.remove()
    assert not sdk.networks.list(names=["shop"])


# -- the docker command ----------------------------------------------------------------------------


def ok(docker, *words):
    result = docker(*words)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.requires("docker-cli")
def test_what_people_type(docker):
    network = ok(docker, "network", "create", "--subnet", "10.91.0.0/24", "--label", "a=b", "shop")
    assert re.fullmatch(r"[0-9a-f]{64}\n", network)
    assert re.search(
        rf"^{network[:12]}\s+shop\s+bridge\s+local$", ok(docker, "network", "ls"), re.MULTILINE
    )
    ok(docker, "run", "-d", "--name", "db", "--network", "shop", "--ip", "10.91.0.5",
       "--network-alias", "database", "busybox", "sleep", "600")  # fmt: skip
    ok(docker, "run", "-d", "--name", "web", "busybox", "sleep", "600")
    assert docker("exec", "web", "ping", "-c", "1", "-W", "1", "10.91.0.5").returncode != 0
    assert ok(docker, "network", "connect", "--alias", "www", "shop", "web") == ""
    assert "1 packets received" in ok(docker, "exec", "web", "ping", "-c", "1", "database")
    assert "1 packets received" in ok(docker, "exec", "db", "ping", "-c", "1", "www")
    line = "{{range .Containers}}{{.Name}} {{.IPv4Address}};{{end}}"
    shown = ok(docker, "network", "inspect", "shop", "--format", line)
    assert sorted(shown.strip().split(";")[:-1]) == ["db 10.91.0.5/24", "web 10.91.0.2/24"]
    assert "db" in ok(docker, "ps", "--filter", "network=shop", "--format", "{{.Names}}")
    listed = ok(docker, "ps", "--filter", "name=web", "--format", "{{.Networks}}")
    assert set(listed.strip().split(",")) == {"bridge", "shop"}
    assert ok(docker, "network", "disconnect", "shop", "web") == ""
    refused = docker("network", "rm", "shop")
    assert refused.returncode == 1
    assert "error while removing network: network shop id" in refused.stderr
    assert "has active endpoints" in refused.stderr
    ok(docker, "rm", "-f", "db")
    assert ok(docker, "network", "rm", "shop") == "shop\n"
    assert docker("network", "rm", "shop").returncode == 1
    assert docker("network", "rm", "-f", "shop").returncode == 0


@pytest.mark.requires("docker-cli")
def test_inspect_has_all_that_docker_has(docker):
    ok(docker, "network", "create", "shop")
    shown = json.loads(ok(docker, "network", "inspect", "shop"))[0]
    assert list(shown) == [
        "Name", "Id", "Created", "Scope", "Driver", "EnableIPv6", "IPAM", "Internal",
        "Attachable", "Ingress", "ConfigFrom", "ConfigOnly", "Containers", "Options", "Labels",
    ]  # fmt: skip
    assert shown["IPAM"] == {
        "Driver": "default",
        "Options": {},
        "Config": [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}],
    }
    assert (shown["Containers"], shown["Options"], shown["Labels"]) == ({}, {}, {})


@pytest.mark.requires("docker-cli")
def test_events(docker):
    ok(docker, "network", "create", "shop")
    ok(docker, "run", "--rm", "--network", "shop", "busybox", "true")
    ok(docker, "network", "rm", "shop")
    until = str(int(time.time()) + 1)  # the command cuts fractions off
    lines = ok(docker, "events", "--since", "1m", "--until", until, "--filter", "type=network",
               "--format", "{{.Action}} {{.Actor.Attributes.name}}").splitlines()  # fmt: skip
    assert [line for line in lines if line.endswith(" shop")][-4:] == [
        "create shop", "connect shop", "disconnect shop", "destroy shop",
    ]  # fmt: skip


@pytest.mark.requires("docker-cli")
def test_pruning(docker):
    ok(docker, "network", "create", "shop")
    ok(docker, "network", "create", "--label", "keep", "two")
    assert ok(docker, "network", "prune", "-f", "--filter", "label!=keep") == (
        "Deleted Networks:\nshop\n\n"
    )
    assert "two" in ok(docker, "system", "prune", "-f")


@pytest.mark.requires("docker-cli")
def test_sharing(docker):
    ok(docker, "network", "create", "shop")
    ok(docker, "run", "-d", "--name", "first", "--network", "shop", "busybox", "sleep", "600")
    inside = ok(docker, "run", "--rm", "--network", "container:first", "busybox", "ip", "addr")
    assert inside == ok(docker, "exec", "first", "ip", "addr")

"""The same command lines through ``docker`` and ``minidocker``, on the same engine.

What both print must be equal, up to the program's name and to what changes by the second.
"""

import re
import shlex
import subprocess

import pytest

from tests.support.command_line import environment, minidocker, succeeds

pytestmark = [pytest.mark.usefixtures("engine"), pytest.mark.requires("docker-cli")]

LISTS = r"""
ps
ps -a
ps -aq
ps -a --no-trunc
ps -n 1
ps -l
ps -s
ps -a -f status=created
ps -a -f name=like
ps -a --format '{{.Names}}'
ps -a --format '{{.Label "com.x"}}:{{.Labels}}'
ps -a --format 'table {{.Names}}\t{{.Status}}\t{{.Image}}'
ps -a --format '{{.ID}}: {{.Command}} {{.Ports}} {{.Mounts}} {{.Networks}} {{.LocalVolumes}}'
ps --format '{{.Size}} {{.State}} {{.CreatedAt}} {{.RunningFor}}'
ps --format '{{.Names | upper | printf "%-10s|"}}'
ps --format '{{range $i,$e := split .Image "b"}}{{$i}}{{$e}} {{end}}'
ps --format '{{.Foo}}'
ps --format '{{.Foo'
ps -q --format x
container ls
container list -a
images
images -q
images -a
images --digests
images --no-trunc
images busybox
images nosuch
images --format json
images --format 'table {{.Repository}}\t{{.Size}}'
image ls --format '{{.Repository}}:{{.Tag}} {{.Size}} {{.ID}} {{.CreatedAt}} {{.Digest}}'
network ls
network ls -q
network ls --no-trunc
network ls -f driver=bridge
network ls --format '{{.Name}}:{{.Driver}}:{{.Scope}}:{{.Internal}}'
volume ls
volume ls -q
volume ls --format '{{.Name}}|{{.Driver}}|{{.Mountpoint}}'
history busybox
history --no-trunc busybox
history -q busybox
history -H=false busybox
history --format json busybox
system df
system df --format '{{.Type}}:{{.TotalCount}}:{{.Active}}:{{.Size}}:{{.Reclaimable}}'
version -f '{{.Server.Version}}'
info -f '{{.Driver}} {{.ServerVersion}} {{.OSType}}'
top like1
top like1 -o pid,comm
logs like2
logs --details like2
diff like1
port like1
"""
INSPECTIONS = r"""
inspect like1
inspect busybox
inspect like1 busybox
inspect -s -f '{{.SizeRw}}' like1
inspect -f json like1
inspect -f '{{.State.Status}}' like1
inspect -f '{{.Config.Env}}' like1
inspect -f '{{json .Config.Env}}' like1
inspect -f '{{.NetworkSettings.Networks.bridge.IPAddress}}' like1
inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' like1
inspect -f '{{range $n, $c := .NetworkSettings.Networks}}{{$n}}={{$c.Gateway}} {{end}}' like1
inspect -f '{{.Config.Labels}} {{index .Config.Labels "com.x"}}' like1
inspect -f '{{.Config.Volumes}} {{.Config.Entrypoint}} {{.Config.ExposedPorts}}' like1
inspect -f '{{.HostConfig.Binds}} {{.HostConfig.CapAdd}} {{.HostConfig.RestartPolicy.Name}}' like1
inspect -f '{{.State.Running}} {{.State.Pid}} {{.State.ExitCode}}' like1
inspect -f '{{len .Mounts}} {{(index .Mounts 0).Destination}}' like1
inspect -f '{{join .Config.Cmd " "}}' like1
inspect -f '{{slice .Id 0 12}}' like1
inspect -f '{{if .State.Running}}up{{else}}down{{end}}' like1 like2
inspect -f '{{with .State}}{{.Status}}{{end}}' like1
inspect -f '{{printf "%s %d" .Name .State.Pid}}' like1
inspect -f '{{title .State.Status}} {{len .Name}} {{eq .State.Status "running"}}' like1
inspect -f '{{.RepoTags}} {{.Config.Cmd}} {{.Architecture}} {{.RootFS.Layers}}' busybox
inspect -f '{{.Foo}}' like1
inspect -f '{{.Name}}' nosuch
inspect -f '{{.Id}}' busybox nosuch
inspect -f '{{.Name' like1
inspect -f '{{.Config.Foo.Bar}}' like1
inspect -f '{{foo}}' like1
inspect -f '{{index .Config.Env 9}}' like1
inspect -f '{{nil}}' like1
inspect -f '{{if}}' like1
inspect -f '{{end}}' like1
inspect -f '{{range .Config.Env}}' like1
inspect --type image like1
inspect --type container busybox
container inspect nosuch
image inspect busybox
network inspect bridge
network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' bridge
network inspect nosuch
volume inspect nosuch
"""
REFUSALS = r"""
ps --foo
ps extra
ps -n x
ps -f foo
ps -f foo=bar
run
run --foo busybox
run -Z busybox
run -e
run --rm=foo busybox
run -d --rm --restart always busybox
run --attach foo busybox
run -d -a stdin busybox
run --name like1 busybox
run --name a/b busybox
run --rm busybox nosuch
run --rm busybox /etc
run --rm -w x busybox true
run --rm -u nosuch busybox true
run --rm --network nosuch busybox true
run --rm --network container:nosuch busybox true
run --rm --mount foo busybox
run --rm --mount typ=bind busybox true
run --rm --mount type=bind,src=/nonex,dst=/x busybox true
run --rm --mount type=foo,dst=/x busybox true
run --rm --mount type=bind,dst=/x busybox true
run --rm --mount type=tmpfs,src=/x,dst=/x busybox true
run --rm -v /a:/b:zz busybox true
run --rm -p x busybox
run --rm -p 99999:1 busybox true
run --rm -p 1:2:3:4 busybox true
run --rm --env-file /nonex busybox
run --rm --restart foo busybox
run --stop-signal x busybox
run --ulimit foo busybox
run --add-host foo busybox
run -it busybox
run --rm --network none busybox echo -- -x --rm
run --rm -- busybox echo hi
run --rm --entrypoint echo busybox -n hi
create
exec like1
exec like1 false
exec like1 nosuch
exec like2 true
exec nosuch true
exec -it like1 true
attach like2
attach nosuch
start nosuch
start nosuch nosuch2
start -a nosuch
start -a like1 like2
stop nosuch
kill nosuch
kill -s FOO like1
restart nosuch
rm like1
rm nosuch
rm -f nosuch
rmi nosuch
rename nosuch x
rename like1 like2
rename a
wait nosuch
commit nosuch x
tag nosuch x
tag busybox X
logs nosuch
logs --since foo like1
diff nosuch
port like1 80
history nosuch
cp nosuch:/x /tmp
cp like1:/nosuch /tmp
cp like1:/etc /nosuchdir/x
cp a b
cp like1:/a like2:/b
cp /etc/hostname like1:/nosuchdir/a
volume rm nosuch
volume ls -f foo=bar
images -f foo=bar
events --until x
"""


@pytest.fixture
def two_containers():
    succeeds(
        "run", "-d", "--name", "like1", "-l", "com.x=y", "-e", "A=1", "-v", "/anon", "busybox",
        "sleep", "1000",
    )  # fmt: skip
    succeeds("create", "--name", "like2", "--network", "none", "busybox", "echo", "hi there")
    yield
    succeeds("rm", "-f", "-v", "like1", "like2")


def docker(*words: str, socket: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", "-H", f"unix://{socket}", *words], capture_output=True, text=True, timeout=30,
        stdin=subprocess.DEVNULL, env=environment(),
    )  # fmt: skip


def plain(text: str) -> str:
    text = text.replace("minidocker", "docker").replace("\r\n", "\n")
    text = re.sub(r"Less than a second|\d+ seconds?|About a minute|\d+ minutes", "SOME TIME", text)
    return re.sub(r" {2,}", "  ", text)


@pytest.mark.parametrize(
    "lines", [LISTS, INSPECTIONS, REFUSALS], ids=["lists", "inspections", "refusals"]
)
def test_same_words_as_docker(lines, engine, two_containers):
    differences = []
    for line in lines.strip().split("\n"):
        words = shlex.split(line)
        theirs, ours = docker(*words, socket=engine.api.socket_path), minidocker(*words)
        for what in ("returncode", "stdout", "stderr"):
            a, b = getattr(theirs, what), getattr(ours, what)
            if a != b and plain(str(a)) != plain(str(b)):
                differences.append(f"{line}\n  {what}\n  docker:     {a!r}\n  minidocker: {b!r}")
    assert not differences, "\n".join(differences)

"""The friendly app of lesson 10: it builds without a network, counts, and survives."""

import http.client
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from pyminidocker.client.container import Container
from pyminidocker.client.engine import Engine
from tests.conftest import CHECKOUT
from tests.support.talker import P, until

APP = CHECKOUT / "assets" / "apps" / "friendly"
PORT = P + 61
TAG = "friendly_docker"
pytestmark = pytest.mark.requires("static-busybox")


@pytest.fixture(scope="module")
def friendly(shared_engine: Engine) -> Iterator[Engine]:
    """An engine with the app's image, built where no network could be asked."""
    shared_engine.build(APP, tag=TAG, network="none", progress="quiet")
    yield shared_engine
    shared_engine.api.image_remove(TAG, force=True)


def run(engine: Engine, name: str = "friendly", **options: object) -> Container:
    options = {"ports": [f"127.0.0.1:{PORT}:80"], **options}
    return engine.run(TAG, name=name, detach=True, fresh=True, **options)


def fetch(path: str = "/") -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)) as asked:
        asked.request("GET", path)
        answer = asked.getresponse()
        return answer.status, answer.read().decode()


def answers() -> bool:
    try:
        return fetch("/healthz") == (200, "ok\n")
    except (OSError, http.client.HTTPException):
        return False


def visits() -> int:
    status, page = fetch()
    assert status == 200
    return int(page.partition("<b>Visits:</b>")[2].split()[0])


def test_the_page_greets_counts_and_names_its_host(friendly: Engine) -> None:
    with run(friendly, env={"NAME": "<b>Ada</b>"}, hostname="lighthouse") as box:
        until(answers)
        status, page = fetch()
        assert status == 200
        assert "<h1>Hello &lt;b&gt;Ada&lt;/b&gt;!</h1>" in page
        assert "<b>Hostname:</b> lighthouse" in page
        assert visits() == 2
        assert fetch("/nothing")[0] == 404
        log = box.logs().stdout.splitlines()  # it writes, and answers then
        assert log == ["listening on port 80", "GET / 200", "GET / 200", "GET /nothing 404"]


def test_it_is_not_root_and_hears_when_it_is_asked_to_end(friendly: Engine) -> None:
    with run(friendly) as box:
        until(answers)
        assert box.exec("id -u").strip() == "10001"
        assert box.exec(["python", "-c", "open('/app/x', 'w')"]).exit_code == 1
        assert box.exec("python app.py --check").ok
        box.kill("SIGTERM")
        assert box.wait(timeout_s=5) == 0


def test_the_counter_survives_restart_and_replacement(friendly: Engine) -> None:
    friendly.volume("friendly-visits")
    with run(friendly, volumes=["friendly-visits:/data"]) as box:
        until(answers)
        assert [visits(), visits()] == [1, 2]
        box.restart(timeout_s=5)
        until(answers)
        assert visits() == 3
    with run(friendly, volumes=["friendly-visits:/data"], name="successor"):
        until(answers)
        assert visits() == 4
    friendly.volume("friendly-visits").remove()


def test_many_visitors_at_once_are_all_counted(friendly: Engine) -> None:
    with run(friendly) as box, ThreadPoolExecutor(8) as pool:
        until(answers)
        counted = sorted(pool.map(lambda _: visits(), range(24)))
        assert counted == list(range(1, 25))
        assert box.exec("cat /data/visits").strip() == "24"
        box.kill("SIGKILL")  # and no half of a number is left
        box.start()
        until(answers)
        assert visits() == 25


def test_the_engine_sees_that_it_is_well(friendly: Engine) -> None:
    def health(box: Container) -> str:
        return str(box.reload().attrs["State"]["Health"]["Status"])

    with run(friendly, health_interval="100ms") as box:
        until(lambda: health(box) == "healthy")


def test_an_edit_of_the_program_repeats_only_its_own_steps(
    friendly: Engine, tmp_path: Path
) -> None:
    source = tmp_path / "friendly"
    shutil.copytree(APP, source)  # other times of the same files: all from the cache
    again = friendly.build(source, progress="quiet", network="none")
    assert len(again.cached) == len(again.steps)
    program = source / "app.py"
    program.write_text(program.read_text().replace("Hello", "Good day,"))
    edited = friendly.build(source, progress="quiet", network="none")
    ran = [step.text.split()[0] for step in edited.steps if not step.cached]
    assert ran == ["COPY", "CMD"]
    assert edited.image.id != again.image.id
    friendly.api.image_remove(edited.image.id)

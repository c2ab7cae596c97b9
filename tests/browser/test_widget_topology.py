"""The topology's page side: packets on cables, keys, themes, many containers, many packets."""

import queue
from pathlib import Path
from typing import Any

import pytest

from pyminidocker.widgets.wiring.view import Topology, topology
from tests.browser.widget_page import SIZES, WidgetPage, headless_chromium, reaches, save, shown
from tests.support.lab_documents import (
    Json,
    Lab,
    Quiet,
    crowd,
    handshake,
    pair,
    ping,
    seen,
    small,
    vxlan,
)

pytestmark = pytest.mark.requires("chromium")
FRAMES = """
(ms) => new Promise((done) => {
  let frames = 0, longest = 0, before = performance.now();
  const end = before + ms;
  const tick = (now) => {
    frames++;
    longest = Math.max(longest, now - before);
    before = now;
    if (now < end) requestAnimationFrame(tick); else done([frames, longest]);
  };
  requestAnimationFrame(tick);
})
"""


def view_of(*labs: Lab) -> Topology:
    """Return a view of made-up labs whose messages are kept instead of sent."""
    view = Topology([Quiet(lab) for lab in labs], live=False)
    view.sent = []
    view.send = lambda content, buffers=None: view.sent.append(content)
    return view


def let_travel(page: WidgetPage, packets: list[tuple[str, Json]]) -> None:
    """Hand captured packets to the view, and what it sends to the page."""
    page.widget._take(packets)
    while page.widget.sent:
        page.page.evaluate("(content) => window.message(content, [])", page.widget.sent.pop(0))


def dots(page: WidgetPage) -> list[str]:
    """Return the words of the packets that are on the way."""
    return list(page.page.locator(".md-dot:not([visibility]) .md-tagtext").all_text_contents())


def wait_for_dot(page: WidgetPage, word: str) -> None:
    page.page.wait_for_function(
        "(word) => [...document.querySelectorAll('.md-dot:not([visibility]) .md-tagtext')]"
        ".some((one) => one.textContent === word)",
        arg=word,
    )


def story() -> list[tuple[str, Json]]:
    """A container asks for a neighbour's MAC and connects."""
    return [("default", packet) for packet in handshake(small(), "web", "db")]


@pytest.mark.parametrize(("theme", "width"), SIZES)
def test_fits_and_follows_the_theme(
    bare_browser: Any, gallery: Path, theme: str, width: int
) -> None:
    with shown(bare_browser, view_of(small()), theme=theme, width=width) as page:
        page.page.wait_for_selector(f'.md-view[data-theme="{theme}"]')
        let_travel(page, story())
        wait_for_dot(page, "who has .3?")
        assert page.overflow_px() <= 0
        assert page.nameless() == []
        save(page, gallery, f"topology-{theme}-{width}")


@pytest.mark.parametrize(("theme", "width"), SIZES)
def test_two_hosts_fit(bare_browser: Any, gallery: Path, theme: str, width: int) -> None:
    a, b = pair()
    inner = ping("172.20.0.2", "172.20.0.3")
    outer = vxlan("10.0.0.1", "10.0.0.2", 42, inner)
    with shown(bare_browser, view_of(a, b), theme=theme, width=width) as page:
        page.page.wait_for_selector(f'.md-view[data-theme="{theme}"]')
        let_travel(page, [("a", seen(a, "eth1", "out", 1.0, outer))])
        wait_for_dot(page, "VXLAN 42 [ping]")
        assert page.overflow_px() <= 0
        save(page, gallery, f"topology-two-{theme}-{width}")


@pytest.mark.parametrize(("count", "width"), [(50, 960), (50, 380), (200, 960)])
def test_many_containers_stay_readable(
    bare_browser: Any, gallery: Path, count: int, width: int
) -> None:
    with shown(bare_browser, view_of(crowd(count)), width=width) as page:
        assert page.overflow_px() <= 0
        smallest = page.page.evaluate(
            "() => Math.min(...[...document.querySelectorAll('.md-picture text')]"
            ".map((one) => one.getBoundingClientRect().height))"
        )
        assert smallest >= 9  # pixels on the screen
        save(page, gallery, f"topology-{count}-{width}")


def test_a_flood_goes_to_all_ports_at_once_and_a_handshake_in_order(bare_browser: Any) -> None:
    with shown(bare_browser, view_of(crowd(4))) as page:
        packets = handshake(page.widget._sources["default"].lab, "web0", "web1")
        page.page.get_by_role("combobox", name="Speed of packets").select_option("fast")
        let_travel(page, [("default", packet) for packet in packets])
        order: list[str] = []
        page.page.wait_for_function(
            "() => document.querySelectorAll('.md-dot:not([visibility])').length === 4"
        )
        assert dots(page) == ["who has .3?"] * 4  # three neighbours and the host itself
        while page.page.locator(".md-dot").count():
            for word in dots(page):
                if not order or order[-1] != word:
                    order.append(word)
        assert [word for word in order if "SYN" in word or word == "ACK"] == [
            "SYN", "SYN ACK", "ACK",
        ]  # fmt: skip


def test_kinds_differ_in_shape_not_in_colour_alone(bare_browser: Any) -> None:
    with shown(bare_browser, view_of(small())) as page:
        shapes = page.page.eval_on_selector_all(
            ".md-legend path", "(all) => all.map((one) => one.getAttribute('d'))"
        )
        names = page.page.locator(".md-key").all_inner_texts()
        assert names == ["ARP", "ICMP", "DNS", "TCP", "UDP", "VXLAN"]
        assert len(set(shapes)) == len(names)


def test_elements_are_walked_by_keys_and_tell_their_facts(bare_browser: Any) -> None:
    view = view_of(small())
    with shown(bare_browser, view) as page:
        page.page.locator('.md-pick[tabindex="0"]').focus()
        page.page.keyboard.press("ArrowRight")
        assert reaches(page, lambda: view.selected, "default/container/db")
        assert "172.17.0.3/16" in page.page.locator(".md-detail").inner_text()
        page.page.locator('[data-key="default/cable/web/eth1"] .md-hit').dispatch_event("click")
        assert reaches(page, lambda: view.selected, "default/cable/web/eth1")
        assert "A veth pair" in page.page.locator(".md-detail").inner_text()
        page.page.locator('[data-key="default/router/NAT"]').focus()
        page.page.keyboard.press("Enter")
        assert "masquerade" in page.page.locator(".md-detail").inner_text()


def test_packets_are_paused_stepped_and_replayed_by_keys(bare_browser: Any, gallery: Path) -> None:
    with shown(bare_browser, view_of(small())) as page:
        let_travel(page, story())
        page.page.get_by_role("button", name="Pause").focus()
        page.page.keyboard.press("p")
        assert page.page.get_by_role("button", name="Resume").count() == 1
        rows = page.page.locator(".md-packet")
        assert rows.count() == len(story())
        page.page.keyboard.press("n")
        first = page.page.locator(".md-message").inner_text()
        assert first == "1 of 10: web eth0 to docker0: ARP: who has 172.17.0.3? Tell 172.17.0.2"
        wait_for_dot(page, "who has .3?")
        page.page.keyboard.press("n")
        assert ", 2 copies:" in page.page.locator(".md-message").inner_text()
        save(page, gallery, "topology-stepped")
        page.page.keyboard.press("b")
        assert page.page.locator(".md-message").inner_text() == first
        page.page.get_by_role("combobox", name="Speed of packets").select_option("fast")
        page.page.keyboard.press("r")
        page.page.get_by_role("button", name="Replay").click()
        page.page.wait_for_function(
            "() => document.querySelector('.md-message').textContent.startsWith('10 of 10')"
        )
        assert page.page.locator('.md-packet[aria-selected="true"]').count() == 1
        page.page.locator('.md-packet[aria-selected="true"]').focus()
        page.page.keyboard.press("Home")
        assert page.focused("data-number") == "1"
        wait_for_dot(page, "who has .3?")


def test_what_comes_while_paused_waits_in_the_list(bare_browser: Any) -> None:
    with shown(bare_browser, view_of(small())) as page:
        page.page.get_by_role("button", name="Pause").click()
        let_travel(page, story())
        assert not dots(page)
        page.page.keyboard.press("n")
        wait_for_dot(page, "who has .3?")
        page.page.wait_for_function("() => document.querySelectorAll('.md-packet').length === 11")
        page.page.keyboard.press("p")
        assert "11 sights of packets" in page.page.locator(".md-counts").inner_text()


def busy(lab: Lab, number: int, start: float) -> list[tuple[str, Json]]:
    """Sixty sights of packets, all over the lab."""
    names = [record["Name"] for record in lab.containers]
    packets = []
    for n in range(60):
        one = names[(number * 60 + n) % len(names)]
        packet = ping("172.17.0.2", f"172.17.0.{n + 3}", "echo request" if n % 2 else "echo reply")
        where = (lab.port_of(one), "in" if n % 2 else "out")
        packets.append(("default", seen(lab, *where, start + n / 60, packet)))
    return packets


def test_sixty_packets_a_second_stay_smooth(bare_browser: Any, gallery: Path) -> None:
    lab = crowd(50)
    with shown(bare_browser, view_of(lab)) as page:
        page.page.evaluate("() => { window.long = []; }")
        batches = [busy(lab, second, 1000.0 + second) for second in range(4)]
        page.page.evaluate(
            f"(ms) => {{ window.frames = ({FRAMES})(ms); }}",
            4000,
        )
        for batch in batches:
            for start in range(0, 60, 3):  # twenty messages a second, as the view sends them
                let_travel(page, batch[start : start + 3])
                page.page.wait_for_timeout(35)
        save(page, gallery, "topology-busy")
        frames, longest = page.page.evaluate("() => window.frames")
        assert frames / 4 >= 25, f"{frames / 4:.0f} frames a second"
        assert longest < 500
        said = page.page.locator(".md-counts").inner_text()
        drawn = int(said.split(" drawn")[0].rsplit(" ", 1)[1])
        skipped = int(said.split(" too many")[0].rsplit(" ", 1)[1]) if "too many" in said else 0
        assert drawn + skipped == 240
        assert drawn >= 200


def test_what_cannot_be_drawn_is_counted(bare_browser: Any) -> None:
    lab = crowd(50)
    with shown(bare_browser, view_of(lab)) as page:
        packets = [packet for second in range(5) for packet in busy(lab, second, 1000.0 + second)]
        let_travel(page, [*packets, ("default", {"Dropped": 9})])
        said = page.page.locator(".md-counts").inner_text()
        assert "300 sights of packets" in said
        assert "too many or too fast to draw" in said
        assert "9 lost before they could be shown" in said
        assert page.page.locator(".md-dot").count() <= 120


def test_a_picture_drawn_anew_keeps_the_packets(bare_browser: Any) -> None:
    source = Quiet(small())
    view = Topology([source], live=False)
    view.sent = []
    view.send = lambda content, buffers=None: view.sent.append(content)
    with shown(bare_browser, view) as page:
        page.page.get_by_role("combobox", name="Speed of packets").select_option("slow")
        let_travel(page, story()[:1])
        wait_for_dot(page, "who has .3?")
        source.lab.container("late", (source.lab.links[2]["Index"], "172.17.0.8"))
        view.refresh()
        page.sync()
        assert page.page.locator('[data-key="default/container/late"]').count() == 1
        assert dots(page) == ["who has .3?"]
        assert "container late" in page.page.locator(".md-message").inner_text()


def test_nothing_moves_for_those_who_asked_for_that(driver: Any) -> None:
    with headless_chromium(driver) as browser:
        context = browser.new_context(reduced_motion="reduce")
        with shown(context, view_of(small())) as page:
            page.page.get_by_role("combobox", name="Speed of packets").select_option("slow")
            let_travel(page, story()[:1])
            wait_for_dot(page, "who has .3?")
            place = "() => document.querySelector('.md-dot').getAttribute('transform')"
            before = page.page.evaluate(place)
            page.page.evaluate(FRAMES, 150)
            assert page.page.evaluate(place) == before
        context.close()


def test_cleaning_up_ends_the_animation(bare_browser: Any) -> None:
    with shown(bare_browser, view_of(small())) as page:
        let_travel(page, story())
        wait_for_dot(page, "who has .3?")
        page.page.evaluate("() => { window.close_view(); }")
        assert page.page.locator(".md-dot").count() == 0
        let_travel(page, story())
        assert page.page.locator(".md-dot").count() == 0


def test_real_packets_travel(bare_browser: Any, gallery: Path, engine: Any) -> None:
    """The whole way: kernel, capture, engine, client, view, page."""
    made = [
        engine.run("busybox", "sleep 1000", detach=True, name=name) for name in ("left", "right")
    ]
    sent: queue.Queue[Any] = queue.Queue()
    view = topology(engine)
    view.send = lambda content, buffers=None: sent.put(content)
    try:
        with shown(bare_browser, view, width=1100) as page:
            page.page.get_by_role("combobox", name="Speed of packets").select_option("fast")
            made[0].exec(["ping", "-c", "1", "-W", "2", made[1].ip])
            while "pong" not in {sight.label for sight in view.packets}:
                page.page.evaluate("(content) => window.message(content, [])", sent.get(timeout=20))
            while not sent.empty():
                page.page.evaluate("(content) => window.message(content, [])", sent.get())
            wait_for_dot(page, "pong")
            save(page, gallery, "topology-real")
            assert page.page.locator('[data-key$="/container/left"]').count() == 1
    finally:
        for container in made:
            container.remove(force=True)

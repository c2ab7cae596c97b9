"""Building: a Dockerfile's steps with their cache keys, and the way from source to page."""

from pyminidocker.widgets.figures.kit import SMALL, arrow, frame, note, slab, step, title
from pyminidocker.widgets.scene import Box, Item, Label, Scene, Stroke, line

# instruction, what else is in its key, its key, what it makes, is its key new after the edit
_CHAIN = (
    ("FROM python", "the digest of python", "7c4e", "the layers of python", False),
    (
        "COPY requirements.txt .",
        "the content of requirements.txt",
        "19b0",
        "a layer: 1 file",
        False,
    ),
    ("RUN pip install -r requirements.txt", "", "e25d", "a layer: what pip installed", False),
    ("COPY app.py .", "the file's content", "3fa8", "a layer: 1 file", True),
    ("ENV NAME=World", "", "d071", "no layer, a line of the configuration", True),
    ('CMD ["python", "app.py"]', "", "86c2", "no layer, a line of the configuration", True),
)


def _tick(x: float, y: float) -> list[Item]:
    ticks = (("M", x - 4.5, y), ("L", x - 1.2, y + 3.8), ("L", x + 5, y - 4))
    return [
        Box(x - 10, y - 10, 20, 20, "green", "green-edge", 1.6, 10),
        Stroke(ticks, "green-text", width=2),
    ]


def _diamond(x: float, y: float) -> list[Item]:
    corners = (("M", x, y - 11), ("L", x + 11, y), ("L", x, y + 11), ("L", x - 11, y), ("Z",))
    return [Stroke(corners, "orange-edge", "orange-edge", 1.6)]


def build_cache() -> Scene:
    """Draw the chain of keys, and what an edit of app.py does to it."""
    scene = Scene(
        960,
        540,
        "A Dockerfile's steps and their cache keys",
        "Six steps of a Dockerfile, one below the other: FROM python; COPY requirements.txt; RUN "
        "pip install; COPY app.py; ENV NAME=World; CMD python app.py. Beside each stands its key "
        "in the cache. A key is a digest of three things: the key of the step before, the "
        "instruction, and what the instruction takes in, such as the content of the files it "
        "copies. So the keys form a chain from top to bottom. After an edit of app.py the first "
        "three keys are as before, and those steps are taken from the cache. The key of COPY "
        "app.py is new, because the content of the file is in it, and the keys of the two steps "
        "below are new, because the key above is in them: these three are carried out. Only FROM, "
        "RUN and COPY make layers; ENV and CMD are lines of the image's configuration.",
    )
    scene.add(
        title("Each step's key has the key of the step before in it"),
        Label(28, 74, "instruction, and what it takes in", SMALL, 600, "muted"),
        Label(432, 74, "key in the cache", SMALL, 600, "muted"),
        Label(600, 74, "what it makes", SMALL, 600, "muted"),
        Label(846, 74, "after an edit", SMALL, 600, "muted"),
    )
    for number, (text, takes, key, makes, is_new) in enumerate(_CHAIN):
        y = 86.0 + number * 66
        hue = "orange" if is_new else "green"
        middle = y + 23
        scene.add(
            *slab(28, y, 350, 46, "slate", text, f"with {takes}" if takes else "", mono=True),
            *arrow(380, middle, 428, middle, "slate"),
            *slab(432, y, 120, 46, hue, f"{key}…", "new" if is_new else "as before", mono=True),
            Label(600, middle + 4, makes, 12, 400),
            *(_diamond(872, middle) if is_new else _tick(872, middle)),
            Label(890, middle + 4, "built" if is_new else "cached", 12, 600, f"{hue}-text"),
        )
        if number:
            scene.add(*arrow(492, y - 18, 492, y - 3, "slate"))
    scene.add(
        line(28, 488, 932, 488, "line", 1),
        *note(28, 512, 880, "key = digest of (key of the step before + instruction + what it takes "
              "in). Times and names of the machine are not in it."),
    )  # fmt: skip
    return scene


def source_to_page() -> Scene:
    """Draw how source becomes an image, a container and a page, and what a fix changes."""
    scene = Scene(
        960,
        452,
        "From source to page",
        "Four frames from left to right. Source: a directory with Dockerfile, app.py and "
        "requirements.txt. Step 1, build, makes an image of it: layers, read-only, and a "
        "configuration that says what to run; the image has a digest for ever and a tag that may "
        "move. Step 2, run, makes a container: the image's files, a writable layer on top, and "
        "process 1, python app.py, which listens on port 80. Step 3, a request to port 4000 of the "
        "machine, is led to port 80 of the container by the published port, and a page comes back: "
        "Hello World, the host's name and the number of visits. The counter is in a volume beside "
        "the container, which stays when the container goes. Below, the way back: a fix changes "
        "the source, a new build makes another image with another digest, the tag moves to it, and "
        "a new container replaces the old one. The old image is still there under its digest, to "
        "roll back to.",
    )
    scene.add(
        title("From source to page, and back to the source"),
        *frame(28, 64, 178, 226, "source"),
        *slab(38, 96, 158, 44, "slate", "Dockerfile", mono=True),
        *slab(38, 150, 158, 44, "slate", "app.py", mono=True),
        *slab(38, 204, 158, 44, "slate", "requirements.txt", mono=True),
        Label(117, 274, "the build context", SMALL, 400, "muted", "middle"),
        *frame(270, 64, 178, 226, "image"),
        *slab(286, 96, 146, 36, "violet", "configuration", dash=True),
        *slab(286, 138, 146, 30, "violet", "app.py", mono=True),
        *slab(286, 172, 146, 30, "violet", "what pip installed"),
        *slab(286, 206, 146, 30, "violet", "python", mono=True),
        Label(359, 258, "tag: friendly_docker", SMALL, 400, "muted", "middle"),
        Label(359, 276, "digest: sha256:8e40…", SMALL, 400, "muted", "middle"),
        *frame(512, 64, 178, 226, "container", edge="green-edge"),
        *slab(528, 96, 146, 44, "green", "python app.py", "process 1, port 80", mono=True),
        *slab(528, 150, 146, 36, "green", "writable layer", dash=True),
        *slab(528, 192, 146, 36, "violet", "the image's layers"),
        *slab(528, 246, 146, 34, "blue", "volume /data"),
        *frame(754, 64, 178, 226, "browser, or curl"),
        Box(770, 96, 146, 132, "paper", "slate-edge", 1.2, 6),
        Label(784, 126, "Hello World!", 15, 600),
        Label(784, 156, "Hostname: 5e1f…", 12),
        Label(784, 180, "Visits: 3", 12),
        Label(843, 274, "localhost:4000", SMALL, 400, "muted", "middle", mono=True),
    )
    for x, number, hue, word in (
        (208, 1, "violet", "build"), (450, 2, "green", "run"), (692, 3, "orange", "-p 4000:80"),
    ):  # fmt: skip
        scene.add(*arrow(x, 190, x + 58, 190, hue, both=number == 3))
        scene.add(*step(x + 29, 164, number, hue))
        size = SMALL if number < 3 else 10
        scene.add(Label(x + 29, 212, word, size, 600, f"{hue}-text", "middle"))
    scene.add(
        *arrow(843, 292, 117, 292, "red", dash=True, bend=((843, 334), (117, 334))),
        Box(398, 321, 164, 26, "paper", "red-edge", 1.2, 13),
        Label(480, 338.5, "4  logs, and a fix", 12, 600, "red-text", "middle"),
        *note(28, 384, 270, "Another digest; the tag moves. Steps before the change come from the "
              "cache.", bold="Build again: another image"),
        *note(350, 384, 270, "A new container takes the place of the old one, with the same "
              "volume: the counter goes on.", bold="Run again: another container"),
        *note(672, 384, 250, "The image before is still there, under its digest.",
              bold="Roll back"),
    )  # fmt: skip
    return scene

"""What a registry keeps: a tag names a document, and documents name blobs by their digests."""

from pyminidocker.widgets.figures.kit import arrow, frame, note, slab, title
from pyminidocker.widgets.scene import Box, Item, Label, Scene


def _blob(y: float, name: str, what: str, digest: str) -> list[Item]:
    """Draw a blob of the store, with its digest."""
    hue = "green" if name == "configuration" else "slate"
    return [
        Box(704, y, 212, 42, hue, f"{hue}-edge", 1.4, 8),
        Label(716, y + 18, name, 12.5, 600, f"{hue}-text"),
        Label(716, y + 34, what, 11, 400, f"{hue}-text"),
        Label(904, y + 26, digest, 11.5, 400, f"{hue}-text", "end", mono=True),
    ]


def registry_names() -> Scene:
    """Draw the way from a tag to bytes."""
    scene = Scene(
        960,
        512,
        "From a tag to bytes",
        "Four columns, from names to bytes. Tags: friendly:1.0 and friendly:latest are names, and "
        "may be moved. Each leads to a document with a digest. Here both lead to one index, which "
        "lists a manifest for every platform: linux/amd64 and linux/arm64. A manifest lists one "
        "configuration and the layers, each by digest and size. The blobs are in the last column: "
        "for amd64 a configuration and the layers python, packages and app.py; for arm64 a "
        "configuration and layers of its own, and the same layer app.py, which is stored only "
        "once. Everything except the tags is named by the SHA-256 digest of its own bytes, so a "
        "client can check each thing it gets, and a changed byte gives another name.",
    )
    scene.add(
        title("A tag is a name; everything else is named by its digest"),
        *frame(28, 60, 168, 346, "tags: may move"),
        *slab(44, 120, 136, 46, "orange", "friendly:1.0", mono=False),
        *slab(44, 190, 136, 46, "orange", "friendly:latest", mono=False),
        *frame(246, 60, 168, 346, "index"),
        *slab(262, 150, 136, 56, "violet", "index", "sha256:c1d9…"),
        *arrow(182, 143, 258, 168, "orange"),
        *arrow(182, 213, 258, 188, "orange"),
        *frame(464, 60, 190, 346, "manifests"),
        *slab(480, 110, 158, 64, "blue", "linux/amd64", "sha256:4b7a…"),
        *slab(480, 286, 158, 64, "blue", "linux/arm64", "sha256:90e3…"),
        *arrow(400, 170, 476, 146, "violet"),
        *arrow(400, 190, 476, 306, "violet"),
        *frame(688, 60, 244, 346, "blobs: each is stored once"),
    )
    amd64 = (("configuration", "what to run", "e5f0…"), ("layer", "python", "77aa…"),
             ("layer", "packages", "0c52…"))  # fmt: skip
    arm64 = (("configuration", "what to run", "31bd…"), ("layer", "python", "d4e8…"))
    for blobs, top, start in ((amd64, 92.0, 142), (arm64, 296.0, 318)):
        for number, (name, what, digest) in enumerate(blobs):
            y = top + 51 * number
            scene.add(*_blob(y, name, what, digest), *arrow(640, start, 700, y + 21, "blue"))
    shared = 245.0
    scene.add(
        *_blob(shared, "layer", "app.py", "a90c…"),
        *arrow(640, 142, 700, shared + 21, "blue"),
        *arrow(640, 318, 700, shared + 21, "blue"),
        Label(28, 438, "pull friendly:1.0", 12.5, 600, mono=True),
        *note(28, 458, 400, "asks for the tag, then for what is listed, and leaves out the blobs "
              "that are here already."),
        Label(492, 438, "pull friendly@sha256:c1d9…", 12.5, 600, mono=True),
        *note(492, 458, 420, "gets these very bytes, today and next year, or an error; the tag may "
              "have moved meanwhile."),
    )  # fmt: skip
    return scene

import pytest

from pyminidocker.oci.command_line import of_container, of_image, shell_form
from pyminidocker.oci.image_spec import RunConfig

IMAGE = RunConfig(entrypoint=["e"], cmd=["c"])


@pytest.mark.parametrize(
    ("entrypoint", "cmd", "image", "argv"),
    [
        (None, None, IMAGE, ["e", "c"]),
        (None, ["a"], IMAGE, ["e", "a"]),
        (["x"], None, IMAGE, ["x"]),  # the image's CMD was for another program
        (["x"], ["a"], IMAGE, ["x", "a"]),
        ([""], ["a"], IMAGE, ["a"]),
        ([], ["a"], RunConfig(cmd=["c"]), ["a"]),
        (None, [], RunConfig(cmd=["c"]), ["c"]),
        (None, None, RunConfig(), []),
    ],
)
def test_the_words_of_run_replace_cmd(entrypoint, cmd, image, argv):
    first, rest = of_container(entrypoint, cmd, image)
    assert [*(first or ()), *(rest or ())] == argv


@pytest.mark.parametrize(
    ("entrypoint", "cmd", "expected"),
    [
        (None, None, (["e"], ["c"])),
        (None, ["d"], (["e"], ["d"])),
        (["x"], None, (["x"], None)),
        (["x"], ["d"], (["x"], ["d"])),
    ],
)
def test_an_entrypoint_in_the_dockerfile_drops_the_base_images_cmd(entrypoint, cmd, expected):
    assert of_image(entrypoint, cmd, IMAGE) == expected


def test_shell_form():
    assert shell_form("echo $HOME") == ["/bin/sh", "-c", "echo $HOME"]
    assert shell_form("x", ["bash", "-c"]) == ["bash", "-c", "x"]

import pytest

from pyminidocker.widgets.publish import WIDGET_VIEW, main, publish


@pytest.fixture
def notebook():
    picture = {"image/png": "aGk=", "text/plain": "a table", WIDGET_VIEW: {"model_id": "1"}}
    meta = {"image/png": {"alt": "what it shows"}, WIDGET_VIEW: {}}
    shown = {"output_type": "display_data", "data": dict(picture), "metadata": meta}
    bare = {"output_type": "display_data", "data": {WIDGET_VIEW: {}}, "metadata": {}}
    words = {"output_type": "stream", "name": "stdout", "text": "é\n"}
    code = {
        "cell_type": "code",
        "execution_count": 1,
        "id": "a",
        "metadata": {},
        "source": "x",
        "outputs": [shown, bare, words],
    }
    prose = {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "# t"}
    return {
        "cells": [prose, code],
        "metadata": {"widgets": {"state": {}}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def test_live_form_goes_picture_and_text_stay(notebook):
    publish(notebook)
    shown, words = notebook["cells"][1]["outputs"]
    assert set(shown["data"]) == {"image/png", "text/plain"}
    assert shown["metadata"] == {"image/png": {"alt": "what it shows"}}
    assert words["text"] == "é\n"
    assert "widgets" not in notebook["metadata"]


def test_command_writes_what_nbformat_would(notebook, tmp_path):
    nbformat = pytest.importorskip("nbformat")
    source, target = tmp_path / "in.ipynb", tmp_path / "out.ipynb"
    source.write_text(nbformat.writes(nbformat.from_dict(notebook)))
    assert main([str(source), str(target)]) == 0
    first = target.read_text()
    nbformat.validate(nbformat.reads(first, 4))
    assert nbformat.writes(nbformat.reads(first, 4)) + "\n" == first
    assert main([str(target), str(target)]) == 0
    assert target.read_text() == first


def test_command_explains_itself(capsys):
    assert main(["only-one"]) == 2
    assert "usage" in capsys.readouterr().err


def test_of_a_redrawn_line_the_last_state_stays():
    text = "one\r\n10 %\r20 %\r    \rdone\r\nrest"
    output = {"output_type": "stream", "name": "stdout", "text": text}
    notebook = {"metadata": {}, "cells": [{"outputs": [output]}]}
    assert publish(notebook)["cells"][0]["outputs"][0]["text"] == "one\r\ndone\r\nrest"
    pieces = [
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "10 %"]},
        {"output_type": "stream", "name": "stdout", "text": "\r20 %\n"},
        {"output_type": "stream", "name": "stderr", "text": "oh\n"},
    ]
    notebook["cells"][0]["outputs"] = pieces
    texts = [one["text"] for one in publish(notebook)["cells"][0]["outputs"]]
    assert texts == [["a\n", "20 %\n"], "oh\n"]

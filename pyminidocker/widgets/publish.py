"""Make a notebook fit to be committed: keep pictures and tables, drop what needs a live kernel.

``python -m pyminidocker.widgets.publish in.ipynb out.ipynb``

JupyterLab shows "model not found" for a stored widget whose kernel is gone, even when a picture is
stored beside it, and GitHub refuses notebooks with half of the widget state.  So the widget form
goes; ``image/png`` and ``text/plain`` stay.  Of a line that was redrawn again and again, the last
state stays.  Running it again changes nothing.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def publish(notebook: dict[str, Any]) -> dict[str, Any]:
    """Strip widget views and widget state from ``notebook`` (nbformat 4), in place."""
    notebook.get("metadata", {}).pop("widgets", None)
    for cell in notebook.get("cells", []):
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)
            output.get("metadata", {}).pop(WIDGET_VIEW, None)
        # a view that has no picture leaves nothing worth keeping
        if "outputs" in cell:
            cell["outputs"] = _joined([o for o in cell["outputs"] if o.get("data", True)])
    return notebook


def _joined(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join what arrived in pieces and drop what a moving line has overwritten; JupyterLab does."""
    made: list[dict[str, Any]] = []
    for output in outputs:
        last = made[-1] if made else {}
        stream = output.get("output_type") == "stream"
        if stream and last.get("output_type") == "stream" and last["name"] == output["name"]:
            last["text"] = _like(last["text"], _whole(last["text"]) + _whole(output["text"]))
        else:
            made.append(output)
    for output in made:
        if output.get("output_type") == "stream":
            ended = re.sub(r"(?m)^.*\r(?!\n)", "", _whole(output["text"]))
            output["text"] = _like(output["text"], ended)
    return made


def _whole(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _like(form: str | list[str], text: str) -> str | list[str]:
    """Return ``text`` in the form of another: one string, or lines."""
    return text if isinstance(form, str) else text.splitlines(keepends=True)


def main(arguments: list[str]) -> int:
    """Read the first file, write the second (they may be the same)."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m pyminidocker.widgets.publish IN.ipynb OUT.ipynb\n")
        return 2
    source, target = map(Path, arguments)
    notebook = publish(json.loads(source.read_text(encoding="utf-8")))
    # the layout nbformat writes: one-space indent, sorted keys, a final newline
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

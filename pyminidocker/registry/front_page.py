"""A page for people who open the registry's address in a browser: what can be pulled from it."""

from html import escape

from pyminidocker.registry.connection import Call
from pyminidocker.registry.store import Store

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Images at {address}</title>
<meta name="viewport" content="width=device-width">
<style>body{{font:16px sans-serif;margin:2em auto;max-width:50em;padding:0 1em;color:#222}}
td,th{{text-align:left;padding:.2em 1em .2em 0}}</style></head>
<body><h1>Images at {address}</h1>
{content}
</body></html>
"""


def get(store: Store, call: Call) -> None:
    """GET of ``/``."""
    address = call.headers.get("host", "this registry")
    rows = [
        f"<tr><td><code>{escape(f'{address}/{name}:{tag}')}</code></td></tr>"
        for name in store.repositories()
        for tag in store.tags(name)
    ]
    content = "<p>There are none yet.</p>"
    if rows:
        title = '<tr><th scope="col">docker pull ...</th></tr>'
        content = f"<table><thead>{title}</thead><tbody>{''.join(rows)}</tbody></table>"
    page = _PAGE.format(address=escape(address), content=content).encode()
    call.answer(200, [("Content-Type", "text/html; charset=utf-8")], page)

"""The login page: static HTML in the browser's language; the only values in it are texts of ours."""

from __future__ import annotations

from html import escape
from string import Template

from ui.text import translate
from utils.messages import Language

_STYLE = """
body { font: 16px system-ui, "Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", sans-serif;
  display: grid; place-items: center; min-height: 90vh; margin: 0; color: #1f2937; background: #f8fafc; }
form { display: grid; gap: 12px; width: min(320px, 86vw); }
h1 { font-size: 26px; margin: 0; } p { margin: 0; color: #4b5563; }
label { display: grid; gap: 4px; }
input, button { font: inherit; padding: 9px 11px; border: 1px solid #94a3b8; border-radius: 8px; }
button { background: #2563eb; color: #fff; border-color: #2563eb; cursor: pointer; }
[role=alert] { color: #b91c1c; font-weight: 600; }
@media (prefers-color-scheme: dark) {
  body { color: #f1f5f9; background: #0b0f19; } p { color: #c0c8d4; } input { background: #1e293b; color: inherit; }
  [role=alert] { color: #fca5a5; } }
"""

_PAGE = Template(
    """<!DOCTYPE html>
<html lang="$language"><head><meta charset="utf-8"><title>$sign_in · SplazMatte</title>$goes_on
<meta name="viewport" content="width=device-width, initial-scale=1"><style>$style</style></head>
<body><main><form method="post" action="login"><h1>SplazMatte</h1><p>$hint</p>$problem
<input type="hidden" name="next" value="$address">
<label>$name<input name="username" autocapitalize="none" spellcheck="false" autocomplete="username" value="$username" required$focus_name></label>
<label>$password<input name="password" type="password" autocomplete="current-password" required$focus_password></label>
<button>$sign_in</button></form></main></body></html>"""
)


def login_page(
    language: Language, address: str, problem: str = "", goes_on: str = "", username: str = ""
) -> str:
    """Return the page.

    Args:
        address: where the browser goes after signing in.
        problem: why the last attempt was refused.
        goes_on: an address that the browser loads at once, "" to show the form.
        username: the name of the last attempt; with one, the next key goes into the password.
    """
    return _PAGE.substitute(
        language=language,
        style=_STYLE,
        address=escape(address),
        hint=escape(translate("page.login", language)),
        problem=f'<p role="alert">{escape(problem)}</p>' if problem else "",
        goes_on=f'<meta http-equiv="refresh" content="0;url={escape(goes_on)}">' if goes_on else "",
        username=escape(username),
        focus_name="" if username else " autofocus",
        focus_password=" autofocus" if username else "",
        name=escape(translate("page.login.name", language)),
        password=escape(translate("page.login.password", language)),
        sign_in=escape(translate("page.login.sign_in", language)),
    )

"""A hook of mkdocs: formulas become MathML.

Arithmatex leaves the TeX of each formula in an element of the class `arithmatex`; browsers draw the MathML that
replaces it without a script or a font. A command that the converter does not know ends the build with a warning.
"""

from __future__ import annotations

import html
import logging
import re
from typing import Any

from latex2mathml.converter import convert

log = logging.getLogger("mkdocs.hooks.formulas")

_FORMULA = re.compile(r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<tex>.*?)\\[)\]]</(?P=tag)>', re.DOTALL)


def on_page_content(content: str, *, page: Any, **_: Any) -> str:
    """The page's HTML with MathML in place of TeX."""

    def replace(found: re.Match[str]) -> str:
        tex = html.unescape(found["tex"]).strip()
        mathml = str(convert(tex, display="block" if found["tag"] == "div" else "inline"))
        if "\\" in mathml:
            log.warning("%s: a formula that cannot be converted: %s", page.file.src_uri, tex)
        if found["tag"] == "div":
            return f'<div class="formula">{mathml}</div>'
        return mathml

    return _FORMULA.sub(replace, content)

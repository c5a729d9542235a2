"""How Sphinx builds the documentation; nothing here needs a network."""

import re
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

import remnant.web  # noqa: F401 - autodoc would import it with other types, which its framework refuses
from remnant._version import __version__

project = "remnant"
author = "The remnant developers"
project_copyright = "The remnant developers, Apache-2.0"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["deflist", "dollarmath", "attrs_inline", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_generated"]

html_theme = "furo"
html_math_renderer = "mathml"
html_title = "remnant"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["pages.css"]

autodoc_default_options = {"members": True, "member-order": "bysource", "show-inheritance": False}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_attr_annotations = False


def number_notes(_app: Any, _what: str, name: str, _obj: object, _options: object, lines: list[str]) -> None:
    """Make ``[1]_`` of one docstring differ from ``[1]_`` of the next, since they share a page."""
    label = re.sub(r"\W", "-", name.removeprefix("remnant."))
    for at, line in enumerate(lines):
        shown = re.sub(r"^(\s*\.\. )\[(\d+)\] ", rf"\1[#{label}-\2] ", line)
        lines[at] = re.sub(r"\[(\d+)\]_", rf"[#{label}-\1]_", shown)


def inline_math(translator: Any, node: nodes.math) -> None:
    """Write a formula in a line as MathML, which browsers show without a script from elsewhere."""
    translator.body.append(tex2mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def block_math(translator: Any, node: nodes.math_block) -> None:
    """Write a formula of its own as MathML."""
    translator.body.append(f'<div class="formula">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> None:
    """Hook up what Sphinx does not do by itself."""
    app.add_html_math_renderer("mathml", (inline_math, None), (block_math, None))
    app.connect("autodoc-process-docstring", number_notes, priority=1)

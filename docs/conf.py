"""How Sphinx builds the documentation; nothing here needs a network."""

from remnant._version import __version__

project = "remnant"
author = "The remnant developers"
project_copyright = "The remnant developers, Apache-2.0"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
myst_enable_extensions = ["deflist", "dollarmath", "attrs_inline", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_generated"]

html_theme = "furo"
html_title = "remnant"
html_show_sourcelink = False

autodoc_default_options = {"members": True, "member-order": "bysource", "show-inheritance": False}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = False
napoleon_use_rtype = False

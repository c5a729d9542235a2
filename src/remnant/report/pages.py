"""How every page is filled in: all that comes from data is escaped, and a value that is missing is an error."""

from __future__ import annotations

import jinja2


def page_templates() -> jinja2.Environment:
    """The templates of `remnant.report`, for pages that load nothing from elsewhere."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("remnant.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

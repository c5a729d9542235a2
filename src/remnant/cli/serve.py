"""`remnant serve` and `remnant export`: the map application, live and as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remnant.cli.app import app
from remnant.cli.assess import RESULTS
from remnant.cli.progress import progress_bar

_CASE_FILE = "case.toml"
_RESULT = typer.Argument(metavar="RESULT", help="Result folder of `remnant assess --map`.")
_SHARE = typer.Option(
    "--share",
    metavar="KIND",
    help="Sensitive records to give to others too: `accidents`. Left out, they are left out.",
)


@app.command()
def serve(
    what: Annotated[
        Path,
        typer.Argument(
            metavar="CASE|RESULT", help="Case folder, or result folder of `remnant assess --map`."
        ),
    ],
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; any but this machine's own needs --token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen at.")] = 8470,
    token: Annotated[
        str,
        typer.Option(
            "--token", envvar="REMNANT_TOKEN", help="What every request must carry; 16 letters or more."
        ),
    ] = "",
    share: Annotated[list[str] | None, _SHARE] = None,
) -> None:
    """Open a result as a map in the browser, on this machine only unless told otherwise.

    A case is worked out in the background first, into `results` in its folder.
    """
    from remnant.io.read_view import open_view
    from remnant.web import Access, Desk, Jobs, application, run_server

    access = Access(host=host, port=port, token=token, share=tuple(share or ()))
    is_case = what.name.endswith(".toml") or (what / _CASE_FILE).is_file()
    folder = what.parent if what.is_file() else what
    view = None if is_case else open_view(what)
    desk = Desk(Jobs(what, folder / RESULTS), access) if view is None else application(view, access)

    def ready(url: str) -> None:
        typer.echo(f"{folder.resolve().name}: {url}   (Ctrl+C ends it)")
        typer.echo(f"OGC API for map programs: {access.url}ogc")
        if view is not None:
            _tell_withheld(view.about["num_withheld"], access.withheld)

    run_server(desk, access, ready=ready)


@app.command()
def export(
    result: Annotated[Path, _RESULT],
    html: Annotated[
        Path, typer.Option("--html", metavar="FILE", help="The file to write; it opens anywhere.")
    ],
    share: Annotated[list[str] | None, _SHARE] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but refusals.")] = False,
) -> None:
    """Write the map of a result as one file that needs no server and no network."""
    from dataclasses import replace

    from remnant.io import check_page_path, write_page
    from remnant.io.read_view import open_view
    from remnant.web import one_file, withheld_kinds

    check_page_path(html, suffix=".html", option="--html")
    view = replace(open_view(result), withheld=withheld_kinds(tuple(share or ())))
    with progress_bar(quiet=quiet) as tell:
        page, notes = one_file(view, progress=lambda share: tell("packing the map", share))
        write_page(page.encode(), html, suffix=".html", option="--html")
    if not quiet:
        for note in notes:
            typer.echo(f"note: {note}")
        _tell_withheld(view.about["num_withheld"], view.withheld)
        typer.echo(f"Map: {html} ({html.stat().st_size / 1e6:.1f} MB). It holds positions: keep it private.")


def _tell_withheld(num: int, kinds: tuple[str, ...]) -> None:
    if num and kinds:
        names = ", ".join(f"{kind}s" for kind in kinds)
        typer.echo(f"Left out: {num} records ({names}). Give them too with --share {names}.")

"""The `stacfed` command. Whatever a command needs is imported when it runs, so that `--help` is quick.

Results go to stdout, problems and progress to stderr. Exit codes: 0 done, 1 refused or not as it should be,
2 wrong input or no node, 3 not yet known.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from federation import (
    cli_alerts,
    cli_bridge,
    cli_check,
    cli_client,
    cli_cv,
    cli_deadletter,
    cli_operate,
    cli_profile,
    cli_schemas,
)
from federation.failed import Failed
from federation.role import Role

app = typer.Typer(
    name="stacfed",
    help="One STAC catalogue, published by a federation of data centres.",
    epilog="Exit codes: 0 done, 1 refused or not as it should be, 2 wrong input or no node, 3 not yet known.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit."""
    try:
        app(args=list(arguments) if arguments is not None else None)
    except Failed as failed:
        print(f"stacfed: {failed}", file=sys.stderr)
        sys.exit(failed.code)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"stacfed {version('stacfed')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    url: Annotated[
        str, typer.Option("--url", envvar="STACFED_URL", help="The node that client commands speak to.")
    ] = "http://127.0.0.1:8080",
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """One STAC catalogue, published by a federation of data centres."""
    context.obj = url


@app.command()
def serve(
    host: Annotated[
        str | None, typer.Option(help="The address to listen on, instead of STACFED_HOST.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The port, instead of STACFED_PORT; 0 takes any free one."),
    ] = None,
    role: Annotated[
        list[Role] | None,
        typer.Option(help="Only this role; may be repeated. Not given: all in one process."),
    ] = None,
) -> None:
    """Serve one node, or some of its roles; settings come from STACFED_* variables."""
    from federation.run import run

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    run(cli_operate.loaded().model_copy(update=given), *([role] if role else []))


@app.command()
def demo(
    exit_: Annotated[bool, typer.Option("--exit", help="End after the tour instead of serving on.")] = False,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65534, help="The port of the first node; the second takes the next one. 0: any."
        ),
    ] = 8080,
) -> None:
    """Start a federation of two nodes and lead a handful of records through their lives."""
    from federation.demo import run

    sys.exit(run(port, stay=not exit_))


@app.command()
def settings() -> None:
    """Show every setting of a node with its value now; secrets are hidden."""
    from federation.settings import shown_settings

    for line in shown_settings(cli_operate.loaded()):
        print(line)


for command in (
    cli_client.publish,
    cli_client.request,
    cli_client.act,
    cli_client.digest,
    cli_client.parked,
):
    app.command()(command)
app.command()(cli_check.check)
app.command()(cli_operate.doctor)
app.command()(cli_bridge.bridge)
app.add_typer(cli_alerts.app, name="alerts")
app.add_typer(cli_cv.app, name="cv")
app.add_typer(cli_schemas.app, name="schemas")
app.add_typer(cli_profile.app, name="profile")
app.add_typer(cli_deadletter.app, name="deadletter")
app.add_typer(cli_operate.topics, name="topics")
app.add_typer(cli_operate.index, name="index")

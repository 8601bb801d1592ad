"""The commands: the composition root. Nothing imports this room.

``kb --help`` loads click and this file only; a command's own file loads when it is called.
"""

import importlib
import json
import sys
import traceback
from typing import Any

import click

from kb import __version__
from kb.cli.telling import tell
from kb.errors import KbError, PermanentError, UsageError

COMMANDS = {
    "demo": "serving:demo",
    "serve": "serving:serve",
    "worker": "serving:worker",
    "embedder": "embedder:embedder",
    "source": "sources:source",
    "group": "people:group",
    "user": "people:user",
    "audit": "auditing:audit",
    "ingest": "ingesting:ingest",
    "files": "ingesting:files",
    "search": "asking:search",
    "ask": "asking:ask",
    "check": "upkeep:check",
    "status": "upkeep:status",
    "doctor": "examining:doctor",
    "reindex": "upkeep:reindex",
    "purge": "purging:purge",
    "backup": "backing_up:backup",
    "restore": "backing_up:restore",
    "upgrade": "upgrading:upgrade",
    "bundle": "bundling:bundle",
    "export": "leaving:export",
    "import": "leaving:take_in",
    "models": "models:models",
    "tune": "tuning:tune",
    "eval": "evaluating_asked:evaluate",
}
HELP = {
    "demo": "Read the sample documents and open the web page.",
    "serve": "Serve the web page, and read sources on their schedules.",
    "worker": "Read sources on their schedules, without a web page.",
    "embedder": "Embed for other hosts, which name this one in their settings.",
    "source": "Folders that are followed: add, list, remove, readers.",
    "group": "Groups of people: add, list, remove.",
    "user": "People: add, change, invite, list, remove, token.",
    "audit": "The audit log: verify, export, list.",
    "ingest": "Read the folders now.",
    "files": "The ledger: every file with its state and the reason.",
    "search": "Find passages.",
    "ask": "Ask a question.",
    "check": "Compare catalog, index and blobs; --repair mends.",
    "status": "What is there, and what answers.",
    "doctor": "How every part stands, what is wrong, and the command that mends it.",
    "reindex": "Build the index anew beside the live one, then switch.",
    "purge": "Erase documents now, everywhere, with proof; verify, list, resume, key.",
    "backup": "Make a backup; list, verify.",
    "restore": "Restore a backup into an empty data directory.",
    "upgrade": "Bring the catalog to this release's schema; --check.",
    "bundle": "One file to install from without a network; key, verify.",
    "export": "Write everything into a folder that other programs read.",
    "import": "Take in a folder that kb export wrote.",
    "models": "Models: list, show, add, pull, import, verify, remove; use, rollback, try; bench.",
    "tune": "Learn from your own questions how to find what they ask for; rollback.",
    "eval": "Measure passages and answers on a set of questions.",
}


OWN_PROCESS = "own process"
"""What click's context carries where a command has its process for itself, and may change it."""


class LazyGroup(click.Group):
    """Knows its commands' names and one-line helps without loading them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order of this file."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load a command's file."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(f"kb.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from this file alone."""
        with formatter.section("Commands"):
            formatter.write_dl(list(HELP.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kb")
def cli() -> None:
    """Commonplace: ask your organisation's documents, on your own machines."""


def main(arguments: list[str] | None = None) -> None:
    """The ``kb`` command. Exit codes: 0 done, 1 failed, 2 wrong use."""
    arguments = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in arguments
    try:
        cli.main(args=arguments, prog_name="kb", standalone_mode=False, obj=OWN_PROCESS)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.UsageError as error:
        _report(
            {"error": {"code": "usage", "message": error.format_message(), "detail": {}}}, as_json
        )
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(1)
    except KbError as error:
        tell(error)
        _report(error.as_json(), as_json)
        sys.exit(2 if isinstance(error, UsageError) and not as_json else 1)
    except Exception as error:  # noqa: BLE001 - a fault of ours: its traceback goes to the log
        traceback.print_exc()
        broken = PermanentError(f"Something went wrong here: {error!r}.", code="internal")
        tell(broken)
        _report(broken.as_json(), as_json)
        sys.exit(1)


def _report(shape: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(shape, ensure_ascii=False))
    else:
        click.echo(f"kb: {shape['error']['message']}", err=True)

"""``kb group`` and ``kb user``."""

import sys
from typing import Any

import click

from kb.cli.common import json_option, link_of, show, with_knowledge_base
from kb.knowledge_base import KnowledgeBase
from kb.rights import access
from kb.types.accounts import ListedPerson


@click.group()
def group() -> None:
    """Groups of people."""


@group.command("add")
@click.argument("name")
@json_option
def add_group(name: str, as_json: bool) -> None:
    """Add a group."""

    def work(base: KnowledgeBase) -> None:
        base.groups.add(access.owner(), name)

    with_knowledge_base(work)
    show({"group": name}, as_json, lambda _: [f"Added the group {name}."])


@group.command("remove")
@click.argument("name")
@json_option
def remove_group(name: str, as_json: bool) -> None:
    """Remove a group. What only it might read, or a rule that excepts it lets read, nobody may.

    A group of the same name that is added later is another one.
    """

    def work(base: KnowledgeBase) -> list[str]:
        return base.groups.remove(access.owner(), name)

    named = with_knowledge_base(work)
    then = f" Say anew who may read what is in: {', '.join(named)}." if named else ""
    shown = {"group": name, "sources": named}
    show(shown, as_json, lambda _: [f"Removed the group {name}.{then}"])


@group.command("rename")
@click.argument("name")
@click.argument("new")
@json_option
def rename_group(name: str, new: str, as_json: bool) -> None:
    """Call a group NEW. Rules go on to mean it; a directory's groups are told by their names."""

    def work(base: KnowledgeBase) -> None:
        base.groups.rename(access.owner(), name, new)

    with_knowledge_base(work)
    show({"group": new}, as_json, lambda _: [f"{name} is called {new} now."])


@group.command("list")
@json_option
def list_groups(as_json: bool) -> None:
    """Every group."""

    def work(base: KnowledgeBase) -> list[dict[str, Any]]:
        return [{"name": g.name, "people": g.people} for g in base.groups.all_of(access.owner())]

    found = with_knowledge_base(work)
    lines = [f"{g['name']}\t{g['people']} people" for g in found]
    show({"groups": found}, as_json, lambda _: lines or ["No group yet."])


@click.group()
def user() -> None:
    """People."""


def _names(words: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(w.strip() for w in words.split(",") if w.strip()))


def _password(wanted: bool) -> str | None:
    """From standard input: the first line; a terminal is asked without showing what is typed."""
    if not wanted:
        return None
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\n")


@user.command("add")
@click.argument("name")
@click.option("--groups", "named", metavar="G,…", default="", help="The groups they are in.")
@click.option("--shown-name", default="", help="Their name as others see it.")
@click.option("--administrator", is_flag=True, help="They administrate.")
@click.option("--password-stdin", is_flag=True, help="Read their password from standard input.")
@json_option
def add_user(
    name: str, named: str, shown_name: str, administrator: bool, password_stdin: bool, as_json: bool
) -> None:
    """Add a person. Without a password they come in by a link: kb user invite NAME."""
    member_of, password = _names(named), _password(password_stdin)

    def work(base: KnowledgeBase) -> dict[str, Any]:
        base.accounts.add(
            access.owner(), name, member_of, shown_name=shown_name, administrator=administrator,
            password=password,
        )  # fmt: skip
        return _shape(base.accounts.one(access.owner(), name))

    added = with_knowledge_base(work)
    show({"user": name, **added}, as_json, lambda _: [f"Added the person {name}."])


@user.command("change")
@click.argument("name")
@click.option("--groups", "named", metavar="G,…", help="The groups they are in, and no others.")
@click.option("--administrator/--no-administrator", default=None, help="Whether they administrate.")
@click.option("--disabled/--enabled", default=None, help="Whether they are kept out.")
@click.option("--password-stdin", is_flag=True, help="Read a new password from standard input.")
@click.option("--without-second-factor", is_flag=True, help="Forget their authenticator app.")
@json_option
def change_user(
    name: str, named: str | None, administrator: bool | None, disabled: bool | None,
    password_stdin: bool, without_second_factor: bool, as_json: bool,
) -> None:  # fmt: skip
    """Change a person. What is not named stays."""
    password = _password(password_stdin)

    def work(base: KnowledgeBase) -> dict[str, Any]:
        base.accounts.change(
            access.owner(), name, member_of=None if named is None else _names(named),
            administrator=administrator, disabled=disabled, password=password,
            without_second_factor=without_second_factor,
        )  # fmt: skip
        return _shape(base.accounts.one(access.owner(), name))

    changed = with_knowledge_base(work)
    show({"user": name, **changed}, as_json, lambda _: [f"Changed {name}."])


@user.command("rename")
@click.argument("name")
@click.argument("new")
@json_option
def rename_user(name: str, new: str, as_json: bool) -> None:
    """Call a person NEW. They keep their rights, sessions, conversations and searches."""

    def work(base: KnowledgeBase) -> None:
        base.accounts.rename(access.owner(), name, new)

    with_knowledge_base(work)
    show({"user": new}, as_json, lambda _: [f"{name} is called {new} now."])


@user.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove_user(name: str, yes: bool, as_json: bool) -> None:
    """Remove a person with their sessions, tokens, conversations and searches."""
    if not (yes or as_json):
        click.confirm(f"Remove {name} with their conversations?", abort=True, err=True)

    def work(base: KnowledgeBase) -> None:
        base.accounts.remove(access.owner(), name)

    with_knowledge_base(work)
    show({"user": name}, as_json, lambda _: [f"Removed {name}."])


@user.command("invite")
@click.argument("name")
@json_option
def invite(name: str, as_json: bool) -> None:
    """Print a one-time link by which NAME sets a (new) password."""

    def work(base: KnowledgeBase) -> str:
        return link_of(base.settings.server, base.accounts.link_for(access.owner(), name))

    link = with_knowledge_base(work)
    show({"user": name, "link": link}, as_json, lambda _: [link])


@user.command("reset")
@click.argument("name")
@click.option("--administrator", is_flag=True, help="They administrate from now on.")
@json_option
def reset(name: str, administrator: bool, as_json: bool) -> None:
    """Let somebody in again who is locked out, by a one-time link for a new password.

    Their account is enabled, their authenticator app forgotten, their sessions end. Whoever may
    open the data directory may do this; the audit log has it.
    """

    def work(base: KnowledgeBase) -> str:
        secret = base.accounts.recover(access.owner(), name, administrator=administrator)
        return link_of(base.settings.server, secret)

    link = with_knowledge_base(work)
    show({"user": name, "link": link}, as_json, lambda _: [link])


@user.command("list")
@json_option
def list_users(as_json: bool) -> None:
    """Everybody."""

    def work(base: KnowledgeBase) -> list[dict[str, Any]]:
        everybody = base.accounts.everybody(access.owner())
        return [{"user": p.person.name, **_shape(p)} for p in everybody.people]

    found = with_knowledge_base(work)
    show({"users": found}, as_json, lambda _: [_line(p) for p in found] or ["Nobody yet."])


def _shape(listed: ListedPerson) -> dict[str, Any]:
    person = listed.person
    return {
        "groups": listed.groups,
        "shown_name": person.shown_name,
        "administrator": person.administrator,
        "curates": listed.sources,
        "origin": person.origin,
        "disabled": person.is_disabled,
        "can_sign_in": person.has_account,
        "second_factor": person.has_second_factor,
        "sessions": len(listed.sessions),
    }


def _line(person: dict[str, Any]) -> str:
    role = "administrator" if person["administrator"] else ""
    words = [role, "disabled" if person["disabled"] else ""]
    return "\t".join([person["user"], ", ".join(person["groups"]), *filter(None, words)])


@user.command("token")
@click.argument("name")
@click.option("--for", "purpose", default="command line", show_default=True, help="What it is for.")
@click.option("--scope", default="read", show_default=True, help="read, write or metrics.")
@click.option("--days", default=90, show_default=True, help="How long it holds.")
@json_option
def token(name: str, purpose: str, scope: str, days: int, as_json: bool) -> None:
    """Make an API token for NAME. It is shown once."""

    def work(base: KnowledgeBase) -> str:
        return base.accounts.new_token(
            base.principal(name), purpose, scope, days, by=access.owner()
        )

    secret = with_knowledge_base(work)
    show({"user": name, "token": secret}, as_json, lambda _: [secret])

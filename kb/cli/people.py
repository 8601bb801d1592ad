"""``kb group`` and ``kb user``."""

import click

from kb.catalog import people
from kb.cli.common import json_option, show, with_knowledge_base
from kb.knowledge_base import KnowledgeBase


@click.group()
def group() -> None:
    """Groups of people."""


@group.command("add")
@click.argument("name")
@json_option
def add_group(name: str, as_json: bool) -> None:
    """Add a group."""

    async def work(kb: KnowledgeBase) -> None:
        with kb.catalog.writing() as connection:
            people.add_group(connection, name)

    with_knowledge_base(work)
    show({"group": name}, as_json, lambda _: [f"Added the group {name}."])


@click.group()
def user() -> None:
    """People."""


@user.command("add")
@click.argument("name")
@click.option("--groups", metavar="G,…", default="", help="The groups they are in.")
@json_option
def add_user(name: str, groups: str, as_json: bool) -> None:
    """Add a person."""
    member_of = tuple(g.strip() for g in groups.split(",") if g.strip())

    async def work(kb: KnowledgeBase) -> None:
        with kb.catalog.writing() as connection:
            people.add_person(connection, name, member_of)

    with_knowledge_base(work)
    show(
        {"user": name, "groups": list(member_of)}, as_json, lambda _: [f"Added the person {name}."]
    )

"""A knowledge base in which people have lived: rules, mails, odd names, questions, opinions."""

import os
import unicodedata
from email.message import EmailMessage
from pathlib import Path

from kb.types.leaving import Choice
from kb.types.library import PathRule
from tests.parts.house import House, set_rule

CHOIR = unicodedata.normalize("NFD", "Chœur é.txt")
ODD = {
    b"100%.txt": "The brass lantern costs one hundred per cent.",
    b"two\nlines.txt": "The copper kettle has a name of two lines.",
    b"\xff\xfe.txt": "The tin whistle has a name that is no text.",
    CHOIR.encode(): "The wooden flute is written with an accent apart.",
    b"x" * 240 + b".txt": "The iron gate has a very long name.",
    b"Plan.txt": "The slate roof is in a plan with a capital.",
    b"plan.txt": "The marble stair is in a plan without one.",
}
QUESTIONS = ("When does the ferry leave?", "How much do wages rise?", "Which vault holds the rubies?",
             "What does the brass lantern cost?", "Who plays the wooden flute?",
             "Where does the orchard grow?", "What is in the annex?")  # fmt: skip
CAST = ("anna", "rita", "otto", "carl", "nina")


async def live(house: House) -> dict[str, str]:
    """Live in a furnished house; returns the ids of some answers, by who asked."""
    await _rules(house)
    await _odd_names(house)
    await _uploads(house)
    return await _questions(house)


async def _rules(house: House) -> None:
    house.follow("mixed", root=house.root / "mixed")
    house.write("mixed/vault/rubies.txt", "The rubies lie in the northern vault, behind the clock.")
    house.write("mixed/orchard/pears.txt", "The orchard of pears grows behind the southern wall.")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", "The annex"
    mail.set_content("The annex is attached.")
    mail.add_attachment("The annex has forty amber beads.", filename="annex.txt")
    (house.root / "mixed" / "vault" / "annex.eml").write_bytes(mail.as_bytes())
    (house.root / "mixed" / "vault" / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    lines = [PathRule("vault/", ("hr",)), PathRule("orchard/", ("everyone", "not:sales"))]
    await set_rule(house.kb, house.owner, "mixed", "paths", lines)
    await house.ingest("mixed")


async def _odd_names(house: House) -> None:
    folder = house.root / "odd"
    house.follow("odd", root=folder)
    for name, text in ODD.items():
        (folder / os.fsdecode(name)).write_text(text)
    house.write("odd/gone.txt", "The paper boat is deleted before anybody leaves.")
    house.write("odd/changed.txt", "The glass marble is blue in the version that was read.")
    await house.ingest("odd")
    (folder / "gone.txt").unlink()
    await house.ingest("odd")
    (folder / "changed.txt").write_text("The glass marble is red by now, and was not read.")


async def _uploads(house: House) -> None:
    async def parts():
        yield b"The velvet curtain was handed in for the people of hr."

    source = house.kb.uploads.source(house.owner, ["hr"])
    await house.kb.uploads.store(source, "curtain.txt", parts(), house.owner)
    await house.ingest(source.name)


async def _questions(house: House) -> dict[str, str]:
    kb, asked = house.kb, {}
    for name, question in (("rita", QUESTIONS[1]), ("otto", QUESTIONS[0]), ("rita", QUESTIONS[2])):
        answer = await kb.answers.answer(question, kb.principal(name))
        asked[f"{name}: {question}"] = answer.id
        if answer.citations:
            kb.opinions.give(kb.principal(name), answer.id, "good", 1, f"Said {name}.")
    anna = kb.principal("anna")
    [ferry, *_] = (await kb.search.passages(QUESTIONS[0], anna, 1)).passages
    kb.pins.add(anna, "Which boat goes?", "The ferry, at seven.", ferry.passage_id)
    kb.opinions.judge(anna, "When is the first boat?", list(ferry.points), right=True)
    kb.glossary.set(anna, "GK", "green kettle")
    return asked


async def export(house: House, folder: Path, person: str | None = None, *named: str) -> Path:
    who = house.kb.principal(person) if person else None
    choice = Choice(who, named)
    await house.kb.leaving.export(who or house.owner, folder, choice, lambda _done, _total: None)
    return folder


async def take_in(house: House, folder: Path, **renamed: str):
    return await house.kb.leaving.take_in(house.owner, folder, renamed, lambda *_: None)


def words_in(folder: Path) -> bytes:
    """Every byte of an export, names included."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    return b"\n".join([str(p).encode() + b"\n" + p.read_bytes() for p in files])

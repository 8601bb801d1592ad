"""Prompts fit the model's window."""

from dataclasses import replace

import msgspec

from kb.answers import prompt
from kb.llm.tokens import tokens
from tests.parts.passages import passage


def test_the_prompt_fits_the_window_and_keeps_the_best():
    many = [passage("words and more words " * 60, n << 20) for n in range(1, 40)]
    built = prompt.build("What?", many, 2048, 400)
    total = sum(tokens(m["content"]) for m in built.messages)
    assert total <= 2048 - 400
    assert 1 <= len(built.passages) < 39
    assert built.passages[0] is many[0]


def test_one_passage_too_long_is_cut_not_dropped():
    built = prompt.build("What?", [passage("word " * 5000)], 1024, 200)
    assert len(built.passages) == 1
    assert sum(tokens(m["content"]) for m in built.messages) <= 1024 - 200


def test_file_folder_date_and_edition_stand_beside_each_passage():
    found = passage("Valid from 1 January 2024. It is 28 euros.", title="Travel policy")
    chunk = msgspec.structs.replace(found.chunk, path="hr/Travel policy 2024.docx", dated=1.7e9)
    newest = replace(found, chunk=msgspec.structs.replace(chunk, path="hr/Travel policy 2025.docx"))
    older = replace(found, chunk=chunk, others=(newest,), newest="2025")
    [_, asked] = prompt.build("What?", [older], 4096, 400).messages
    for told in (
        "file s/hr/Travel policy 2024.docx", "dated 2023-11-14", "edition 2024",
        "it says: Valid from 1 January 2024", "the newest edition is 2025",
    ):  # fmt: skip
        assert told in asked["content"]


def test_nothing_is_said_to_be_valid_where_the_passage_does_not_say_so():
    [_, asked] = prompt.build("What?", [passage("It is 28 euros.")], 4096, 400).messages
    assert "it says" not in asked["content"]

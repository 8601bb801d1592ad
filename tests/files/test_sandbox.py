"""The child in which a file is read, and the limits that hold it."""

import psutil
import pytest

from kb.errors import FileProblem
from kb.files import sandbox
from tests.parts import children
from tests.parts.processes import wait_for


def forked() -> list[psutil.Process]:
    """Servers that fork, and what they and their children forked; of other workers' tests, too."""
    return [
        p
        for p in psutil.process_iter(["cmdline", "status", "ppid"])
        if "forkserver" in " ".join(p.info["cmdline"] or [])
    ]


@pytest.mark.case("R21")
@pytest.mark.parametrize(
    ("call", "codes"),
    [
        (children.hang, {"parser_timeout"}),
        (children.eat_memory, {"parser_memory"}),
        (children.crash, {"parser_crashed"}),
        (children.fill_folder, {"parser_space"}),
        (children.fork_bomb, {"parser_timeout", "parser_crashed", "parser_memory"}),
        (children.write_forever, {"damaged", "parser_crashed"}),
        (children.network, {"damaged"}),
    ],
)
def test_a_child_is_held_to_its_limits(call, codes):
    # The clock is the limit of what never ends; whatever else is tried reaches its own limit.
    limits = sandbox.Limits(
        seconds=3 if call in (children.hang, children.fork_bomb) else 120,
        memory=1024**3,
        file_size=8 * 1024**2,
        folder_size=64 * 1024**2,
    )
    with pytest.raises(FileProblem) as problem:
        sandbox.run(call, limits=limits)
    assert problem.value.code in codes
    wait_for(lambda: len(forked()) < 20)


def test_a_child_does_not_look_through_what_its_server_has_loaded():
    """It would write into all of it, and so copy it."""
    assert int(sandbox.run(children.frozen, limits=sandbox.Limits())) > 10_000


def test_a_program_that_does_not_answer_is_not_the_files_damage():
    """The machine may be busy: what is published stays, and the next run tries it again."""
    with pytest.raises(FileProblem) as problem:
        sandbox.run(children.wait_in_vain, limits=sandbox.Limits())
    assert (problem.value.code, problem.value.detail["what"]) == (
        "unexpected",
        "/usr/bin/tesseract says nothing",
    )


@pytest.mark.slow
@pytest.mark.case("R21")
def test_what_a_child_started_ends_with_it():
    assert sandbox.run(children.leave_one_behind, limits=sandbox.Limits()) == b"left"
    wait_for(
        lambda: not [p for p in forked() if p.info["status"] == "sleeping" and p.info["ppid"] == 1]
    )


def test_what_nobody_foresaw_is_told_in_words_and_kept_for_programs():
    with pytest.raises(FileProblem) as told:
        sandbox.run(children.believe, limits=sandbox.Limits(seconds=10))
    assert told.value.code == "damaged"
    assert told.value.detail["error"].startswith("AttributeError")
    assert "Error" not in told.value.detail["what"]

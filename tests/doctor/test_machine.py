"""The machine, seen by what its system shows."""

import os
import subprocess

import pytest

from kb.doctor import machine
from tests.doctor.asking import asked, states


def as_processor(lines: str, *more: str) -> str:
    """A command's beginning: it sees another processor, and what else is put in its place."""
    return f"printf '{lines}' >$0/cpu && mount --bind $0/cpu /proc/cpuinfo && " + "".join(more)


@pytest.mark.skipif(os.getuid() != 0, reason="what /proc shows is replaced by root only")
def test_an_old_processor_and_a_card_that_is_not_used(environment, tmp_path):
    """By what the system shows, in a namespace of mounts of its own."""
    card = "mount -t tmpfs none /proc/driver && mkdir /proc/driver/nvidia && touch /proc/driver/nvidia/version && "
    begin = as_processor("model name : Old\\nflags : sse sse2\\n", card)
    found = told(
        environment, tmp_path, "unshare", "-m", "sh", "-c", begin + 'exec "$@"', str(tmp_path)
    )
    assert (found["processor"]["state"], found["processor"]["code"]) == ("better", "no_avx2")
    from importlib.metadata import version

    is_unused = "+cpu" in version("torch")
    assert found["card"]["code"] == ("card_unused" if is_unused else "")
    assert found["card"]["where"] == "cuda"


def told(environment, folder, *before: str) -> dict[str, dict]:
    """What ``kb doctor --json`` says by part, run as the last words of a command."""
    import json
    import sys

    done = subprocess.run(
        [*before, sys.executable, "-m", "kb", "doctor", "--json"],
        env=environment, cwd=folder, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return {one["part"]: one for one in json.loads(done.stdout)["parts"]}


def can_have_users() -> bool:
    return subprocess.run(["unshare", "-Ur", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not can_have_users(), reason="user namespaces are off here")
def test_few_watches_and_no_namespaces(environment, tmp_path):
    """By limits of a namespace of users, which are the system's own."""
    limits = (
        "echo 900 >/proc/sys/user/max_inotify_watches; echo 0 >/proc/sys/user/max_user_namespaces; "
    )
    found = told(environment, tmp_path, "unshare", "-Ur", "sh", "-c", limits + 'exec "$@"', "sh")
    assert (found["watching"]["state"], found["watching"]["code"]) == ("better", "watches_few")
    assert "900" in found["watching"]["said"]
    assert (found["sandbox"]["state"], found["sandbox"]["code"]) == ("better", "sandbox_limits")


async def test_more_folders_than_can_be_watched(house, furnished, monkeypatch, tmp_path):
    (tmp_path / "limit").write_text("1\n")
    monkeypatch.setattr(machine, "LIMITS", (str(tmp_path / "limit"),))
    house.follow("watched", root=house.root / "watched", watch=True)
    for number in range(3):
        house.write(f"watched/{number}/note.txt", f"The pump of hall {number} is serviced in May.")
    await house.ingest("watched")
    about = asked(house.kb.settings)
    assert (await states(machine.watching, about))["watching"] == ("wrong", "watches_used")
    assert (await about.catalog()).watched == 3

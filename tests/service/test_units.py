"""The units of ``deploy/systemd``, by systemd's own programs."""

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts.processes import HANGING, program

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
UNITS = DEPLOY / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
EXPOSED = 2.1
"""Most exposure of a unit, from 0 to 10 (systemd-analyze security)."""
UNDER_FILTER = """
import ctypes, json, sys
from kb.files import sandbox
seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p
context = ctypes.c_void_p(seccomp.seccomp_init(0x00050000 | 1))  # what is not named: EPERM
for name in json.loads(sys.argv[1]):
    number = seccomp.seccomp_syscall_resolve_name(name.encode())
    if number >= 0:
        assert seccomp.seccomp_rule_add(context, 0x7FFF0000, number, 0) == 0, name
if json.loads(sys.argv[2]):
    assert seccomp.seccomp_load(context) == 0
print(sandbox.run(sandbox.told, limits=sandbox.Limits()).decode())
"""


def analyze(*arguments: str) -> str:
    binary = program("systemd-analyze", "systemd (apt-get install systemd)")
    done = subprocess.run(
        [binary, *arguments], capture_output=True, text=True, timeout=HANGING,
        env=os.environ | {"SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_systemd_takes_every_unit_as_it_is(tmp_path):
    """Nothing is misspelt, and each names what is there. The program stands in for /opt/commonplace."""
    for unit in UNITS.iterdir():
        text = unit.read_text().replace("/opt/commonplace/bin/kb", "/bin/true")
        (tmp_path / unit.name.replace("@.", "@1.")).write_text(text)
    found = sorted(
        str(p) for p in tmp_path.iterdir() if p.suffix in (".service", ".socket", ".timer")
    )
    assert len(found) == 6
    said = analyze("verify", "--man=no", *found)
    assert [
        line for line in said.splitlines() if str(tmp_path) in line or "commonplace" in line
    ] == []


@pytest.mark.parametrize("name", SERVICES)
def test_little_is_open_to_a_service(name):
    said = analyze("security", "--offline=true", "--no-pager", str(UNITS / name))
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert float(exposure[1]) <= EXPOSED


@pytest.mark.parametrize("name", SERVICES)
def test_the_filter_of_calls_leaves_the_parsers_their_namespaces(name):
    """Run under the very list that systemd would load: what holds without it, holds with it."""
    unit = (UNITS / name).read_text()
    assert re.search("^RestrictNamespaces=user pid net$", unit, re.M)
    calls = json.dumps(sorted(resolved(re.search("^SystemCallFilter=(.+)$", unit, re.M)[1])))
    assert probed(calls, under=True) == probed(calls, under=False)


def resolved(group: str) -> set[str]:
    lines = (line.strip() for line in analyze("syscall-filter", group).splitlines()[1:])
    names = {line for line in lines if line and not line.startswith("#")}
    deeper = (resolved(name) for name in names if name.startswith("@"))
    return {name for name in names if not name.startswith("@")}.union(*deeper)


def probed(calls: str, *, under: bool) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", UNDER_FILTER, calls, json.dumps(under)],
        capture_output=True, text=True, timeout=HANGING,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_commands_of_the_administrator_have_the_settings_and_secrets_of_the_service(tmp_path):
    """The script with its example of a secret switched on; ``runuser`` stands in for the real one."""
    (tmp_path / "catalog_url").write_text("postgresql://kb:secret@host/kb\n")
    (tmp_path / "runuser").write_text('#!/bin/sh\necho "$@"\nenv\n')
    (tmp_path / "runuser").chmod(0o755)
    script = (DEPLOY / "kb").read_text().replace("/etc/commonplace/secrets", str(tmp_path))
    script = re.sub("(?m)^# (?=KB_)", "", script)

    def typed() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-c", script, "kb", "ask", "a b"], capture_output=True, text=True,
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        )  # fmt: skip

    arguments, *told = typed().stdout.splitlines()
    assert arguments == "-u commonplace -- /opt/commonplace/bin/kb ask a b"
    assert "KB_CATALOG__URL=postgresql://kb:secret@host/kb" in told
    for unit in SERVICES:
        for said in re.findall("KB_DATA_DIR=.*|KB_CONFIG=.*", (UNITS / unit).read_text()):
            assert {*said.replace("%S", "/var/lib").split()} <= {*told}
    (tmp_path / "catalog_url").unlink()
    assert (typed().returncode != 0, typed().stdout) == (True, ""), "not with another catalog"


def test_logs_of_engines_are_rotated_while_they_are_written(tmp_path):
    """What is written after a rotation stands at the beginning of the file, and nothing is lost."""
    binary = program("logrotate", "logrotate (apt-get install logrotate)")
    logs = tmp_path / "logs"
    logs.mkdir()
    shipped = (DEPLOY / "logrotate" / "commonplace").read_text()
    own = shipped.replace("/var/lib/commonplace/logs", str(logs))
    own = re.sub("(?m)^ *su .*$", "", own)  # the account of the service is not on this machine
    assert own != shipped
    (tmp_path / "conf").write_text(own)
    (tmp_path / "conf").chmod(0o644)
    with (logs / "embedder.log").open("ab", buffering=0) as engine:  # as EngineClient opens it
        engine.write(b"before\n")
        subprocess.run(
            [binary, "--force", "--state", str(tmp_path / "state"), str(tmp_path / "conf")],
            check=True, timeout=HANGING,
        )  # fmt: skip
        engine.write(b"after\n")
    assert (logs / "embedder.log").read_bytes() == b"after\n"
    assert gzip.decompress((logs / "embedder.log.1.gz").read_bytes()) == b"before\n"

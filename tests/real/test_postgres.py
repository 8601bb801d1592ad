"""The catalog in PostgreSQL: the whole way, with a server started here."""

import glob
import os
import pwd
import shutil
import subprocess
import tempfile

import pytest

from kb import samples
from tests.conftest import free_port, missing


@pytest.fixture(scope="module")
def postgres():
    """A PostgreSQL server on a port and folder of its own; gives the catalog's URL."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    programs = found[-1] if found else os.path.dirname(shutil.which("initdb") or "")
    if not programs:
        missing("PostgreSQL (apt-get install postgresql)")
    folder = tempfile.mkdtemp(prefix="kb-pg-")
    user = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        user = {"user": account.pw_uid, "group": account.pw_gid}

    def run(name, *arguments):
        subprocess.run(
            [f"{programs}/{name}", *arguments], check=True, capture_output=True, cwd=folder, **user
        )

    port = free_port()
    run("initdb", "-D", f"{folder}/data", "-U", "kb", "-A", "trust", "-E", "UTF8")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    run("pg_ctl", "-D", f"{folder}/data", "-o", options, "-l", f"{folder}/log", "-w", "start")
    try:
        run("createdb", "-h", folder, "-p", str(port), "-U", "kb", "commonplace")
        yield f"postgresql+psycopg://kb@127.0.0.1:{port}/commonplace"
    finally:
        run("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.real
def test_the_whole_way_on_postgresql(postgres, command):
    catalog = {"KB_CATALOG__URL": postgres}
    command("group", "add", "board", env=catalog)
    command("user", "add", "ann", "--groups", "board", env=catalog)
    command("user", "add", "bob", env=catalog)
    command("source", "add", "s", str(samples.documents()), "--readers", "board", env=catalog)
    assert command("ingest", env=catalog)["indexed"] == 14
    assert command("ingest", env=catalog)["unchanged"] == 13
    assert command("ask", "How many buses are electric?", "--as", "ann", env=catalog)["citations"]
    assert command("search", "buses", "--as", "bob", env=catalog) == {"hits": []}
    assert command("reindex", env=catalog)["points"] > 40
    zeros = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
    assert command("check", env=catalog) == zeros
    assert command("source", "remove", "s", env=catalog) == {"removed": 14}
    assert command("check", env=catalog) == zeros

"""A PostgreSQL server on a port and folder of its own, for all workers, and new databases on it."""

import glob
import itertools
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from tests.parts.processes import free_port
from tests.parts.sharing import made_once

PORT = "port"
"""File of its folder."""


class PostgreSQL:
    """``database()`` gives the URL of a new one: empty, or ``like`` another that nobody uses.

    The server ends with whoever started the workers, since its folder is in theirs (``sharing``).
    """

    def __init__(self, programs: str):
        self.programs = programs
        self.user = {}
        if os.geteuid() == 0:  # the server refuses to run as root
            account = pwd.getpwnam("postgres")
            self.user = {"user": account.pw_uid, "group": account.pw_gid}
        self._numbers = itertools.count()
        self.folder = made_once("pg", self._start)
        self.port = int((self.folder / PORT).read_text())

    def _start(self, folder: Path) -> None:
        folder.parent.chmod(0o711)  # another user passes through
        if self.user:
            os.chown(folder, self.user["user"], self.user["group"])
        self.folder, port = folder, free_port()
        data = f"{folder}/data"
        self._run("initdb", "-D", data, "-U", "kb", "-A", "trust", "-E", "UTF8")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        options += " -c synchronous_commit=off -c full_page_writes=off -c max_connections=900"
        self._run("pg_ctl", "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start")
        (folder / PORT).write_text(str(port))

    def database(self, like: str = "") -> str:
        name = f"commonplace{os.getpid()}x{next(self._numbers)}"
        template = ("-T", like.rpartition("/")[2]) if like else ()
        place = ("-h", self.folder, "-p", str(self.port), "-U", "kb")
        self._run("createdb", *place, *template, name)
        return f"postgresql+psycopg://kb@127.0.0.1:{self.port}/{name}"

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        place = ("-h", self.folder, "-p", str(self.port), "-U", "kb")
        self._run("dropdb", *place, "--force", "--if-exists", url.rpartition("/")[2])

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [f"{self.programs}/{name}", *arguments],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            cwd=self.folder, **self.user,
        )  # fmt: skip


def programs() -> str:
    """The folder of its programs; empty where it is not installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    return found[-1] if found else os.path.dirname(shutil.which("initdb") or "")

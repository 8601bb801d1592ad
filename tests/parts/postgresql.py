"""A PostgreSQL server on a port and folder of its own, and new databases on it."""

import glob
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile


class PostgreSQL:
    """``database()`` gives the URL of a new one: empty, or ``like`` another that nobody uses."""

    def __init__(self, programs: str, port: int):
        self.programs, self.port = programs, port
        self.folder = tempfile.mkdtemp(prefix="kb-pg-")
        self.user = {}
        if os.geteuid() == 0:  # the server refuses to run as root
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.user = {"user": account.pw_uid, "group": account.pw_gid}
        self._numbers = itertools.count()
        data = f"{self.folder}/data"
        self._run("initdb", "-D", data, "-U", "kb", "-A", "trust", "-E", "UTF8")
        options = f"-p {port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        options += " -c synchronous_commit=off -c full_page_writes=off -c max_connections=300"
        self._run("pg_ctl", "-D", data, "-o", options, "-l", f"{self.folder}/log", "-w", "start")

    def database(self, like: str = "") -> str:
        name = f"commonplace{next(self._numbers)}"
        template = ("-T", like.rpartition("/")[2]) if like else ()
        place = ("-h", self.folder, "-p", str(self.port), "-U", "kb")
        self._run("createdb", *place, *template, name)
        return f"postgresql+psycopg://kb@127.0.0.1:{self.port}/{name}"

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        place = ("-h", self.folder, "-p", str(self.port), "-U", "kb")
        self._run("dropdb", *place, "--force", "--if-exists", url.rpartition("/")[2])

    def stop(self) -> None:
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

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

"""What an engine makes while it opens its socket has the mode that it was made with."""

import stat
import subprocess
import sys

import pytest

OPENING = """
import os, pathlib, socket, sys
from kb.cli import listening
from kb.engines import serving
os.umask(0o022)
folder = pathlib.Path(sys.argv[1])
class Meanwhile(socket.socket):
    def bind(self, place):
        super().bind(place)
        (folder / "made").mkdir(mode=0o700)  # as a thread that measures a model does
        (folder / "mode").write_text(oct(os.stat(place).st_mode & 0o777))
socket.socket = Meanwhile
class Engine:
    fingerprint = ""
    def close(self):
        pass
{opens}
"""
ENGINE = "serving.serve(Engine, folder / 'e.sock', 0.1)"
SERVICE = "listening._bound(folder / 's.sock')"


@pytest.mark.parametrize(("opens", "mode"), [(ENGINE, "0o600"), (SERVICE, "0o640")])
def test_a_folder_made_while_a_socket_is_opened_can_be_entered(tmp_path, opens, mode):
    """As any account but root finds out, for which 0600 closes a folder."""
    code = OPENING.format(opens=opens)
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=100)
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o700
    assert (tmp_path / "mode").read_text() == mode

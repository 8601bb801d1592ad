"""``python -m kb.engines.alone MODULE SOCKET``: an engine that needs no network, without one.

The network is given up before the engine's module is loaded, since the system lets a process do so
only while it has one thread.
"""

import runpy
import sys

from kb.silence import confining

if __name__ == "__main__":
    confining.leave_network()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)

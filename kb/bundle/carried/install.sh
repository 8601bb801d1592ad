#!/bin/sh
# Installs Commonplace from this folder, with no network. sh install.sh --help
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
python=${PYTHON:-python3}
if ! command -v "$python" >/dev/null 2>&1; then
  echo "There is no $python here. Install Python (Debian: apt install python3 python3-venv), or name one: PYTHON=/path/to/python sh install.sh" >&2
  exit 1
fi
exec "$python" -I -B "$here/install.py" "$@"

#!/usr/bin/env bash
# Makes the virtual environment at $1 with the Python at $2, or keeps the one that is there and works.
set -euo pipefail
venv=$1 python=$2

bin=$venv/bin
[[ ${OS:-} == Windows_NT ]] && bin=$venv/Scripts
if "$bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi
echo "Making the virtual environment $venv with $("$python" --version)"
if ! "$python" -m venv --clear "$venv"; then
    rm -rf "$venv"
    echo "$python could not make a virtual environment. On Debian and Ubuntu its part is a separate package:" >&2
    echo "apt-get install python3-venv" >&2
    exit 1
fi

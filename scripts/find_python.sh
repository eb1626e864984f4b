#!/usr/bin/env bash
# Prints the Python to use: $PYTHON where it is set, else the first of the names below that runs and is new enough. With
# an argument such as 3.10 it prints that version alone, and fails where there is none.
set -euo pipefail

wanted=${1:-}
check='import sys; v = sys.version_info[:2]
sys.exit(v < (3, 10) or (len(sys.argv) > 1 and "%d.%d" % v != sys.argv[1]))'

# A shim of a version manager exists for versions that are not active, so a candidate counts only when it runs.
usable() {
    "$1" -c "$check" ${wanted:+"$wanted"} 2>/dev/null </dev/null
}

if [[ -n ${PYTHON:-} && -z $wanted ]]; then
    if usable "$PYTHON"; then
        printf '%s\n' "$PYTHON"
        exit 0
    fi
    echo "Sanchay needs Python 3.10 or newer, and PYTHON=$PYTHON is not one." >&2
    echo "Unset PYTHON, or set it to a newer one." >&2
    exit 1
fi

names=(python3 python3.14 python3.13 python3.12 python3.11 python3.10 python)
if [[ -n $wanted ]]; then
    names=("python$wanted")
    for installed in "${PYENV_ROOT:-$HOME/.pyenv}/versions/$wanted".*/bin/python; do
        names+=("$installed")
    done
fi
for name in "${names[@]}"; do
    if usable "$name"; then
        printf '%s\n' "$name"
        exit 0
    fi
done

if [[ -n $wanted ]]; then
    echo "There is no Python $wanted here." >&2
else
    echo "Sanchay needs Python 3.10 or newer, and none was found on PATH. Install one, or name it:" >&2
    echo "make PYTHON=/path/to/python3" >&2
fi
exit 1

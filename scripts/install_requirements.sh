#!/usr/bin/env bash
# Installs locked requirements as they are: install_requirements.sh PYTHON FILE...
# With its resolver on, pip looks at newer releases of whatever a package asks for with an extra, and fails, for their
# hashes are not in the file. A package that has only its source is refused too: building it takes tools that no file
# pins.
set -euo pipefail
python=$1
shift
files=()
for file; do
    files+=(-r "$file")
done
export PIP_DISABLE_PIP_VERSION_CHECK=1
"$python" -m pip install --quiet --no-deps --only-binary :all: --require-hashes "${files[@]}"
# Nothing was resolved, so the set is checked: whatever an installed package needs is there, in a version that it takes.
"$python" -m pip --disable-pip-version-check check >/dev/null || {
    "$python" -m pip --disable-pip-version-check check >&2 || true
    echo "The requirements in $* do not fit together: make requirements" >&2
    exit 1
}

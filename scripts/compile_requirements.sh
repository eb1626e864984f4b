#!/usr/bin/env bash
# Writes requirements/*.txt from requirements/*.in: every version pinned, every file's hash beside it, no address of any
# index, and markers for all the Pythons and platforms that we support. Give --upgrade to take newer versions.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../requirements"

compile() {
    local name=$1 python=$2
    shift 2
    uv pip compile --quiet --universal --python-version "$python" --generate-hashes \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements" \
        --output-file "$name.txt" "$@" "$name.in"
}

# In this order: the later ones are constrained by the earlier.
for name in runtime build window dev; do
    compile "$name" 3.10 "$@"
done
compile stubs 3.10
compile platforms 3.10 "$@"

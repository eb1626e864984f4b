#!/usr/bin/env bash
# Checks the workflows of .github with zizmor (security) and actionlint (correctness). One that is not installed is said
# and skipped: they are no requirement of ours, and tests/contract checks what matters most without them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

check() {
    local tool=$1
    shift
    if command -v "$tool" >/dev/null; then
        "$tool" "$@"
    else
        echo "Skipped: the workflows were not checked by $tool, which is not installed"
    fi
}

check zizmor --offline --quiet --no-progress --persona=pedantic .github/workflows
check actionlint

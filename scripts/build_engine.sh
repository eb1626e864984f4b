#!/usr/bin/env bash
# Builds the engine's wheel in release mode into $2, with maturin of the virtual environment whose programs are in $1.
# The wheel is abi3: it serves every Python from 3.10 on.
set -euo pipefail
bin=$(cd "$1" && pwd)
rm -rf "$2"
mkdir -p "$2"
wheels=$(cd "$2" && pwd)

cd "$(dirname "${BASH_SOURCE[0]}")/../engine"
"$bin/python" -m maturin build --release --locked --interpreter "$bin/python" --out "$wheels"

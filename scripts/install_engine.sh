#!/usr/bin/env bash
# Builds the engine's wheel in release mode into $2, and installs it into the virtual environment whose programs are
# in $1.
set -euo pipefail
bin=$(cd "$1" && pwd)
rm -rf "$2"
mkdir -p "$2"
wheels=$(cd "$2" && pwd)

cd "$(dirname "${BASH_SOURCE[0]}")/../engine"
"$bin/python" -m maturin build --release --locked --interpreter "$bin/python" --out "$wheels"
"$bin/python" -m pip install --quiet --no-deps --no-index --force-reinstall "$wheels"/sanchay_engine-*.whl

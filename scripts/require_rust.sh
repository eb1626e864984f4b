#!/usr/bin/env bash
# Fails, with what to do, where cargo is missing or older than the workspace's rust-version.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' engine/Cargo.toml)
if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
    echo "The engine is built with Rust $wanted or newer, and cargo is not on PATH." >&2
    echo "Install Rust's stable tool chain with rustup," >&2
    echo "open a new terminal (or run: . \"\$HOME/.cargo/env\"), and try again." >&2
    exit 1
fi
if ! found=$(rustc --version 2>/dev/null | cut -d ' ' -f 2) || [[ -z $found ]]; then
    echo "rustc is on PATH but does not run. If rustup manages it, choose a tool chain: rustup default stable" >&2
    exit 1
fi
if [[ $(printf '%s\n%s\n' "$wanted" "${found%%-*}" | sort -V | head -n 1) != "$wanted" ]]; then
    echo "The engine needs Rust $wanted or newer; rustc here is $found. Update it: rustup update stable" >&2
    exit 1
fi

#!/usr/bin/env bash
# Checks, from Linux, what can be checked of the engine for Windows and macOS:
#   Windows: the workspace type-checks, and the Rust tests of the three crates below pass under Wine;
#   macOS:   the workspace type-checks, and its C code compiles.
# What a part lacks is said and skipped; under CI=true it fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../engine"

WINDOWS=x86_64-pc-windows-gnu
MACOS=aarch64-apple-darwin
TESTED=(--package sanchay-core --package sanchay-catalog --package sanchay-engine)
scripts=$PWD/../scripts
builds=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/sanchay/target}/platforms
scratch=$(mktemp -d)
proved=() skipped=()

finish() {
    # Only the server of our own prefix is told to go.
    [[ ! -d $scratch/prefix ]] || WINEPREFIX=$scratch/prefix "${WINE%/*}/wineserver" -k 2>/dev/null || true
    rm -rf "$scratch"
}
trap finish EXIT

skip() {
    if [[ ${CI:-} == true ]]; then
        echo "check-platforms: $1. Under CI=true every part must be there: see scripts/system_parts.sh" >&2
        exit 1
    fi
    echo "Skipped: $1"
    skipped+=("$1")
}

# Sets `std`, cargo's options for a target. A tool chain that has the target's standard library is used as it is; else
# Debian's compiler builds that library from the source packaged with it.
choose_tool_chain() {
    local target=$1
    std=() debian=
    if [[ -d $(rustc --print sysroot 2>/dev/null)/lib/rustlib/$target/lib ]]; then
        return 0
    fi
    if [[ -x /usr/bin/rustc && -d $(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/std ]]; then
        debian=yes std=("-Zbuild-std=std,panic_unwind,test")
        return 0
    fi
    return 1
}

with_tool_chain() {
    if [[ -n $debian ]]; then
        env PATH="/usr/bin:$PATH" RUSTC=/usr/bin/rustc CARGO=/usr/bin/cargo RUSTC_BOOTSTRAP=1 PYO3_NO_PYTHON=1 "$@"
    else
        env PYO3_NO_PYTHON=1 "$@"
    fi
}

find_wine() {
    local candidate
    for candidate in /usr/lib/wine/wine64 "$(command -v wine64 || true)" "$(command -v wine || true)"; do
        if [[ -n $candidate && -x $candidate ]]; then
            export WINE=$candidate
            return 0
        fi
    done
    return 1
}

# A prefix of its own, without a display, Mono or a browser engine.
prepare_wine() {
    export WINEPREFIX=$scratch/prefix WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml="
    unset DISPLAY WAYLAND_DISPLAY
    timeout 180 "$WINE" wineboot --init </dev/null >"$scratch/wineboot.log" 2>&1 || {
        cat "$scratch/wineboot.log"
        return 1
    }
    local system32=$WINEPREFIX/drive_c/windows/system32
    if [[ ! -e $system32/bcryptprimitives.dll ]]; then
        x86_64-w64-mingw32-gcc -shared -O1 -o "$system32/bcryptprimitives.dll" \
            "$scripts/wine/bcryptprimitives.c" -ladvapi32
    fi
}

check_windows() {
    export CARGO_TARGET_DIR=$builds/windows
    if ! command -v x86_64-w64-mingw32-gcc >/dev/null; then
        skip "Windows needs the MinGW-w64 compiler (Debian: gcc-mingw-w64-x86-64)"
        return
    fi
    if ! choose_tool_chain $WINDOWS; then
        skip "Windows needs Rust's standard library (rustup target add $WINDOWS)"
        return
    fi
    echo "==> Windows: type-check of the workspace"
    with_tool_chain cargo check --quiet --locked --workspace --target $WINDOWS "${std[@]}"
    proved+=("The workspace type-checks for Windows ($WINDOWS).")

    if ! find_wine; then
        skip "Windows tests need Wine (Debian: wine64)"
        return
    fi
    echo "==> Windows: tests under $("$WINE" --version)"
    prepare_wine
    export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$scripts/wine/run.sh
    with_tool_chain cargo test --quiet --locked "${TESTED[@]}" --lib --tests --target $WINDOWS "${std[@]}" </dev/null
    proved+=("The Rust tests of sanchay-core, sanchay-catalog and sanchay-engine pass under Wine.")
}

# The C parts (SQLite, BLAKE3) need a compiler that knows macOS: zig, from an environment of its own.
prepare_zig() {
    local venv=$PWD/../.venv-platforms
    if [[ ! -e $venv/.ready || $venv/.ready -ot ../requirements/platforms.txt ]]; then
        local python
        python=$("$scripts/find_python.sh") && "$scripts/make_venv.sh" "$venv" "$python" &&
            "$scripts/install_requirements.sh" "$venv/bin/python" ../requirements/platforms.txt &&
            touch "$venv/.ready" || return 1
    fi
    mkdir -p "$scratch/bin"
    printf '#!/bin/sh\nexec "%s" -m ziglang "$@"\n' "$venv/bin/python" >"$scratch/bin/zig"
    chmod +x "$scratch/bin/zig"
    PATH=$scratch/bin:$venv/bin:$PATH
    # Compiled headers and stubs of macOS's libraries; they are made again where they are missing.
    export ZIG_GLOBAL_CACHE_DIR=$builds/zig
}

check_macos() {
    export CARGO_TARGET_DIR=$builds/macos
    if ! choose_tool_chain $MACOS; then
        skip "macOS needs Rust's standard library (rustup target add $MACOS)"
        return
    fi
    if ! prepare_zig; then
        skip "macOS needs the packages of requirements/platforms.txt, and they could not be installed"
        return
    fi
    echo "==> macOS: type-check of the workspace and its tests"
    with_tool_chain cargo-zigbuild check --quiet --locked --workspace --lib --tests --target $MACOS "${std[@]}"
    proved+=("The workspace and its tests type-check for macOS ($MACOS).")
}

if [[ $(uname -s) != Linux ]]; then
    echo "check-platforms looks at other platforms from Linux; on $(uname -s) itself, make test proves more."
    exit 0
fi
"$scripts/require_rust.sh"
check_windows
check_macos

echo
echo "What this shows:"
for line in "${proved[@]:-Nothing: every part was skipped.}"; do
    echo "  - $line"
done
for line in "${skipped[@]:-}"; do
    [[ -z $line ]] || echo "  - Skipped: $line."
done
cat <<'END'
What this does not show:
  - That anything works on Windows or macOS. Wine is not Windows: its file system calls are Linux's underneath, and it
    passes what NTFS, long paths, junctions, sharing modes, virus scanners or placeholders of cloud folders would not.
  - Anything about macOS at run time: nothing was linked or run for it.
  - The daemon, the client, sanchayctl and the Python face of the engine on either: only the hosted runners of
    .github/workflows/ci.yml run those, and only they build what is released.
END

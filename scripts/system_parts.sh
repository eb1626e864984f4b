#!/usr/bin/env bash
# Prints the Debian packages that the tests and `make check-platforms` use and that are not installed, one a line.
set -euo pipefail

# command that a test starts -> package that brings it
parts=(
    mount:mount
    losetup:mount
    prlimit:util-linux
    setpriv:util-linux
    groff:groff-base
    mkfs.ext4:e2fsprogs
    mkfs.btrfs:btrfs-progs
    mkfs.xfs:xfsprogs
    mkfs.vfat:dosfstools
    mkfs.exfat:exfatprogs
    mount.exfat-fuse:exfat-fuse
    mergerfs:mergerfs
    fusermount3:fuse3
    sshfs:sshfs
    /usr/lib/openssh/sftp-server:openssh-sftp-server
    mksquashfs:squashfs-tools
    Xvfb:xvfb
    dbus-daemon:dbus-daemon
    trayer:trayer
    dunst:dunst
    xdotool:xdotool
    import:imagemagick
    openbox:openbox
    x86_64-w64-mingw32-gcc:gcc-mingw-w64-x86-64
    x86_64-w64-mingw32-g++:g++-mingw-w64-x86-64
)
PATH=$PATH:/usr/sbin:/sbin
for part in "${parts[@]}"; do
    command -v "${part%%:*}" >/dev/null || echo "${part#*:}"
done | sort --unique
[[ -x /usr/lib/wine/wine64 ]] || echo wine64

# Libraries and fonts that Qt loads, even without a display, and what pystray reaches a panel by: no command tells that
# they are there.
libraries=(
    libdbus-1-3 libegl1 libfontconfig1 libgl1 libglib2.0-0 libxkbcommon0
    fonts-dejavu-core fonts-noto-core
    libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-shape0 libxcb-xkb1
    libxkbcommon-x11-0
    python3-gi gir1.2-gtk-3.0 gir1.2-ayatanaappindicator3-0.1 at-spi2-core gir1.2-atspi-2.0
)
if command -v dpkg-query >/dev/null; then
    for package in "${libraries[@]}"; do
        dpkg-query --show --showformat='${Status}\n' "$package*" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
fi

# Rust's standard library for Windows and macOS: from the tool chain in use where it has it, else built from the source
# that Debian packages with its own compiler.
targets=$(rustc --print sysroot 2>/dev/null || true)/lib/rustlib
if [[ ! -d $targets/x86_64-pc-windows-gnu || ! -d $targets/aarch64-apple-darwin ]]; then
    for package in rustc-web cargo-web rust-web-src; do
        dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
fi

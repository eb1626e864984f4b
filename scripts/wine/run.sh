#!/usr/bin/env bash
# Cargo calls this with a Windows test program and its arguments. A program that hangs under Wine ends after five
# minutes.
exec timeout --kill-after=10 300 "${WINE:?}" "$@" </dev/null

#!/usr/bin/env bash
# Writes sanchayctl's program file: write_program.sh PYTHON TARGET. What pip writes starts Python with its module
# `site`, which imports and reads files for a hundredth of a second in which Ctrl-C ends in Python's own traceback.
# Here Python starts without it (-S), Ctrl-C is taken over by two built-in modules, and `site` follows.
set -euo pipefail
python=$1 target=$2

# A first line knows no quotes, and has an end: there pip's own program stays.
if [[ ${OS:-} == Windows_NT || $python =~ [[:space:]] || ${#python} -gt 120 ]]; then
    exit 0
fi
cat >"$target.new" <<END
#!$python -S
import _signal
import posix

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, lambda _number, _frame: posix._exit(130))

import site

site.main()
from sanchayctl.__main__ import program

program()
END
chmod 755 "$target.new"
mv "$target.new" "$target"

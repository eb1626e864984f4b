"""Starts one program, waits for it, and writes what it cost as JSON: `python -I -S launch.py RESULT COMMAND...`.

A program's peak memory, as the kernel tells it, is never less than that of the process that started it. So the benches,
which are large, do not start programs themselves: this does, with nothing imported that it does not need.
"""

import os
import sys
import time

began = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - began
with open(sys.argv[1], "w", encoding="ascii") as result:
    result.write(f'{{"seconds": {seconds}, "peak": {usage.ru_maxrss}, "exit": {os.waitstatus_to_exitcode(status)}}}')

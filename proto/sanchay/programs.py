"""How a program of Sanchay's starts another: nothing is imported from the current folder or looked up in it, for that
folder may be anyone's."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

# Where a system keeps its own programs. PATH comes after them: it may lead to another program's folders first.
SYSTEM_FOLDERS: tuple[str, ...] = () if os.name == "nt" else ("/usr/bin", "/bin", "/usr/sbin", "/sbin")
# Programs that are not named as their modules are.
_MODULES = {"sanchay-tray": "sanchay_tray", "sanchay-window": "sanchay_tray.window"}
_WITHOUT_CURRENT_FOLDER = (
    "import sys; sys.path[:] = [each for each in sys.path if each]; "
    "import runpy; runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
)


def python_module(module: str, interpreter: str = "") -> tuple[str, ...]:
    """The command that runs a module as `python -m` does, but doesn't look for modules in the current folder."""
    interpreter = interpreter or sys.executable
    if sys.version_info >= (3, 11):
        return (interpreter, "-P", "-m", module)
    return (interpreter, "-c", _WITHOUT_CURRENT_FOLDER.format(module=module))


def ours(name: str, *, windowless: bool = False) -> tuple[str, ...]:
    """The command that starts another program of this installation, such as `sanchayd`.

    In a bundle it is the file beside this program's own; in a virtual environment, or where a system's packages put
    it, the script beside the interpreter; elsewhere the module. `windowless`: without a console window on Windows.
    """
    folder, module = os.path.dirname(sys.executable), _MODULES.get(name, name)
    if getattr(sys, "frozen", False):
        return (os.path.join(folder, name + (".exe" if os.name == "nt" else "")),)
    if os.name == "nt":
        python = os.path.join(folder, "pythonw.exe")
        return python_module(module, python if windowless and os.path.exists(python) else sys.executable)
    script = os.path.join(folder, name)
    return (script,) if os.access(script, os.X_OK) else python_module(module)


def neutral_folder() -> str:
    """A folder for a child to stand in, which only the system's administrator can write to."""
    return windows_system_folder() if os.name == "nt" else "/"


def windows_system_folder() -> str:
    """System32, as Windows itself says: variables and PATH may say something else."""
    if sys.platform == "win32":
        import ctypes

        room = ctypes.create_unicode_buffer(32_768)
        if ctypes.windll.kernel32.GetSystemDirectoryW(room, len(room)):
            return room.value
    return r"C:\Windows\System32"


def found(
    program: str, *, before: Sequence[str] = SYSTEM_FOLDERS, environ: Mapping[str, str] | None = None
) -> str | None:
    """The absolute path of a program: as given, or from the folders `before` and PATH. None where it isn't there.

    Entries of PATH that aren't absolute lead to the current folder, and are passed over.
    """
    if os.path.isabs(program):
        return program
    if os.path.basename(program) != program:  # relative to the current folder
        return None
    environ = os.environ if environ is None else environ
    folders = [*before, *filter(os.path.isabs, environ.get("PATH", os.defpath).split(os.pathsep))]
    endings = environ.get("PATHEXT", ".COM;.EXE;.BAT;.CMD").split(";") if os.name == "nt" else []
    for folder in folders:
        for ending in ("", *endings):
            candidate = os.path.join(folder, program + ending)
            if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
                return candidate
    return None

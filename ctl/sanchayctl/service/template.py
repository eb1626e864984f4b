"""Fills the templates of `packaging/`. What is put in is quoted for the place where it goes, or refused: a unit is read
by a program that trusts it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from xml.sax.saxutils import escape

from sanchay import names
from sanchay.errors import InputOutputError, InvalidArgument

PLACEHOLDER = re.compile(r"@([A-Z]+)@")
# In a checkout the templates are where people look for them; an installation has them beside these modules.
CHECKOUT = Path(__file__).resolve().parents[3] / "packaging"


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template `folder/file` with each `@NAME@` replaced; the values are quoted already, and all are used."""
    text = _read(template)
    names = set(PLACEHOLDER.findall(text))
    if names != set(values):
        raise ValueError(f"{template} has the places {sorted(names)}, and was given {sorted(values)}")
    return PLACEHOLDER.sub(lambda match: values[match[1]], text)


def _read(template: str) -> str:
    for folder in (resources.files("sanchayctl.service").joinpath("packaging"), CHECKOUT):
        file = folder.joinpath(template)
        if file.is_file():
            return file.read_text("utf-8")
    raise InputOutputError(
        f"The template {template} is missing from this installation; install Sanchay again.",
        path=os.fsencode(CHECKOUT / template),
    )


def systemd_command(words: Iterable[str]) -> str:
    """A command for `ExecStart=:`: each word in quotes, nothing in it taken for an escape or a specifier.

    systemd takes no program whose name has quotes or a backslash; a shell that becomes the program does.
    """
    program, *arguments = words
    through = ["/bin/sh", "-c", 'exec "$0" "$@"'] if set(program) & set("\"'\\") else []
    return " ".join(f'"{_checked(word).translate(_SYSTEMD)}"' for word in (*through, program, *arguments))


_SYSTEMD = str.maketrans({"\\": "\\\\", '"': '\\"', "%": "%%"})


def user_name(word: str) -> str:
    """A single word, such as a name, where quotes would not be understood."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", word):
        raise InvalidArgument(f"{names.quoted(word)} is not a valid user name for a service.")
    return word


def sysusers_path(path: Path) -> str:
    """A path in a line of sysusers.d."""
    return f'"{_checked(str(path)).translate(_SYSTEMD)}"'


def xml_text(text: str) -> str:
    """Text in an element of XML."""
    return escape(_checked(text))


def plist_array(words: Iterable[str]) -> str:
    """The elements of an array in a property list."""
    return "\n".join(f"        <string>{xml_text(word)}</string>" for word in words)


def task_arguments(words: Iterable[str]) -> str:
    """The arguments of a Windows program as one line, for an element of XML."""
    return xml_text(task_text(subprocess.list2cmdline(list(words))))


def task_text(text: str) -> str:
    """Text that Task Scheduler leaves as it is: it knows no way to write a percent sign that is meant."""
    if re.search(r"%[^%]+%|\$\(", text):
        raise InvalidArgument(
            f"Task Scheduler would take a part of {names.quoted(text)} for a variable; choose a folder without % and "
            "$(."
        )
    return text


def _checked(text: str) -> str:
    """No line may be added to a unit by a name, and no unit holds bytes that are no text."""
    if any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in text):
        raise InvalidArgument(f"{names.quoted(text)} holds control characters, which a service cannot be given.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"{names.quoted(text)} is not UTF-8, which a service cannot be given.") from error
    return text

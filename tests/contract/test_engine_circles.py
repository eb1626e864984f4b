"""The engine's modules know one another in one direction only: no circle of `use` within a crate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

CRATES = Path(__file__).parents[2] / "engine" / "crates"
COMMENT = re.compile(r"//[^\n]*")
TESTS = re.compile(
    r"#\[cfg\(test\)\]\s*(pub(\([^)]*\))? )?(mod|impl|use|fn)\b[^;{]*(;|\{.*?^\})", re.DOTALL | re.MULTILINE
)
USE = re.compile(r"^\s*(?P<public>pub(?:\([^)]*\))? )?use ((?:crate|super|self|[a-z_]+)\b[^;\"]*);", re.MULTILINE)
INLINE = re.compile(r"\b(?:crate|super)(?:::[A-Za-z_]\w*)+")


def module_of(source: Path, file: Path) -> str:
    """`a::b` of `a/b.rs` or `a/b/mod.rs`; the crate itself is ''."""
    parts = file.relative_to(source).with_suffix("").parts
    return "::".join(parts[:-1] if parts[-1] in ("mod", "lib") else parts)


def spread(path: str) -> Iterator[tuple[str, str]]:
    """The paths of a `use` with the names that they get: `a::{b as c, d}` is (a::b, c) and (a::d, d)."""
    path = path.strip()
    head, brace, rest = path.partition("{")
    if not brace:
        whole, _, name = path.partition(" as ")
        yield whole, name or whole.rsplit("::", 1)[-1]
        return
    depth, part = 0, ""
    for sign in rest.rstrip().removesuffix("}") + ",":
        depth += (sign == "{") - (sign == "}")
        if sign == "," and depth == 0:
            if part.strip():
                for whole, name in spread(part):
                    yield (
                        (head.removesuffix("::"), head.removesuffix("::").rsplit("::", 1)[-1])
                        if whole == "self"
                        else (
                            head + whole,
                            name,
                        )
                    )
            part = ""
        else:
            part += sign


class Crate:
    """The modules of one crate, and what each takes from the others."""

    def __init__(self, source: Path) -> None:
        texts = {
            module_of(source, file): TESTS.sub("", COMMENT.sub("", file.read_text("utf-8")))
            for file in source.rglob("*.rs")
            if not file.stem.endswith("tests")
        }
        self.modules = set(texts)
        self.uses = {module: list(self._uses(module, text)) for module, text in texts.items()}
        self.given = {
            (module, name): path for module, uses in self.uses.items() for path, name, is_public in uses if is_public
        }

    def _uses(self, module: str, text: str) -> Iterator[tuple[str, str, bool]]:
        for use in USE.finditer(text):
            for path, name in spread(use[2]):
                yield self._absolute(module, path), name, use["public"] is not None
        for path in INLINE.findall(USE.sub("", text)):
            yield self._absolute(module, path), "", False

    def _absolute(self, module: str, path: str) -> str:
        """A path from the crate's top; of other crates, one that leads to no module here."""
        at = module.split("::") if module else []
        steps = path.split("::")
        if steps[0] == "crate":
            return "::".join(steps[1:])
        if steps[0] not in ("self", "super"):
            below = "::".join([*at, steps[0]])
            return "::".join([*at, *steps]) if below in self.modules else f"::{path}"
        for step in steps:
            if step == "super":
                at = at[:-1]
        return "::".join([*at, *(step for step in steps if step not in ("self", "super"))])

    def home(self, path: str) -> str | None:
        """The module that what a path names is written in, behind all that only hand it on."""
        for _ in range(10):
            if path.startswith("::"):
                return None
            steps = path.split("::")
            length = next((n for n in range(len(steps), -1, -1) if "::".join(steps[:n]) in self.modules), None)
            if length is None:
                return None
            module = "::".join(steps[:length])
            if length == len(steps):
                return module
            further = self.given.get((module, steps[length]))
            if further is None or further == path:
                return module
            path = "::".join([further, *steps[length + 1 :]])
        return None

    def knows(self, module: str) -> set[str]:
        """The modules that one takes something from. What it only hands on is no knowledge."""
        homes = {self.home(path) for path, _, is_public in self.uses[module] if not is_public}
        return {home for home in homes if home is not None} - {module}


@pytest.mark.parametrize("crate", sorted(path.name for path in CRATES.iterdir()))
def test_no_module_of_the_engine_is_in_a_circle_of_uses(crate: str) -> None:
    modules = Crate(CRATES / crate / "src")
    graph = {module: modules.knows(module) for module in modules.modules}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"{crate}: a circle of uses: {' -> '.join(module or 'lib' for module in reversed(error.args[1]))}")


def test_a_circle_is_found_behind_what_is_handed_on_and_braces(tmp_path: Path) -> None:
    sources = {
        "lib.rs": "mod a;\nmod b;\npub use b::deep::Thing;\n",
        "a.rs": "use crate::{b, Thing};\nfn a(_: Thing) {}\n",
        "b/mod.rs": "pub(crate) mod deep;\n",
        "b/deep.rs": """//! use crate::nothing;
pub struct Thing;
fn deep() { crate::a::a(Thing) }
#[cfg(test)]
mod tests {
    use crate::b;
}
""",
    }
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    modules = Crate(tmp_path)
    assert modules.knows("a") == {"b", "b::deep"}
    assert modules.knows("b::deep") == {"a"}

"""What a bare term means, and folders, links and files without an extension as hits."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from sanchay_engine import EngineError
from tests.integration.catalogs import ONLY_POSIX, Cataloger, below
from tests.support.trees import build

pytestmark = ONLY_POSIX

FILES = {
    "project-folder/notes.txt": "notes",
    "project-folder/sub.jpg/a.tar.gz": "archive",
    "project-folder/empty/": "",
    "b.gz": "zipped",
    "Makefile": "all:",
    "photo.JPG": "photo",
    "a*b?.txt": "odd",
    ".hidden": "h",
}


@pytest.fixture
def filled(cataloger: Cataloger, tree: Path) -> Path:
    """A root with files, folders, two links and a FIFO."""
    build(tree, FILES)
    (tree / "link-to-photo").symlink_to("photo.JPG")
    (tree / "project-folder/link.jpg").symlink_to("/nowhere")
    os.mkfifo(tree / "pipe")
    cataloger.add(tree, name="tree")
    cataloger.settled_scan()
    return tree


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("*.jpg", ["photo.JPG"]),
        ("-*.jpg -*.txt", ["project-folder/sub.jpg/a.tar.gz", "b.gz", "Makefile", ".hidden"]),
        ("?.gz", ["b.gz"]),
        ('"*"', ["a*b?.txt"]),
        ("a\\*b*", ["a*b?.txt"]),
        ("{tree}/photo.JPG", ["photo.JPG"]),
        ("{tree}//project-folder/../photo.JPG", ["photo.JPG"]),
        ("{tree}/project-folder", ["project-folder"]),
        ("{tree}/link-to-photo", ["link-to-photo"]),
        ("{tree}/pipe", ["pipe"]),
        ("{tree}", ["."]),
        ("-{tree}/b.gz ext:gz", ["project-folder/sub.jpg/a.tar.gz"]),
        ("{tree}/project-folder/*", ["project-folder/notes.txt"]),
        ("**/sub.jpg/*", ["project-folder/sub.jpg/a.tar.gz"]),
        ("project-folder type:folder", ["project-folder"]),
        ("type:folder", [".", "project-folder", "project-folder/sub.jpg", "project-folder/empty"]),
        ("type:folder under:{tree}", ["project-folder", "project-folder/sub.jpg", "project-folder/empty"]),
        ("type:folder empty:yes", ["project-folder/empty"]),
        ("type:folder size:7", ["project-folder/sub.jpg"]),
        ("type:folder path:{tree}/*/*", ["project-folder/sub.jpg", "project-folder/empty"]),
        ("type:link", ["link-to-photo", "project-folder/link.jpg"]),
        ("type:link -link.jpg", ["link-to-photo"]),
        ("type:link ext:jpg", []),
        ("type:link name:*.jpg", ["project-folder/link.jpg"]),
        ("type:special", ["pipe"]),
        ("type:folder,image sub", ["project-folder/sub.jpg"]),
        ("type:image,link", ["photo.JPG", "link-to-photo", "project-folder/link.jpg"]),
        ("type:file,folder project", ["project-folder"]),
        ("type:folder,link -type:link p", [".", "project-folder", "project-folder/sub.jpg", "project-folder/empty"]),
        ("ext:tar.gz", ["project-folder/sub.jpg/a.tar.gz"]),
        ("ext:tar.gz,jpg", ["project-folder/sub.jpg/a.tar.gz", "photo.JPG"]),
        ("-ext:tar.gz ext:gz", ["b.gz"]),
        ("ext:none", ["Makefile", ".hidden"]),
        ('ext:""', ["Makefile", ".hidden"]),
        ("ext:none,gz", ["Makefile", ".hidden", "b.gz", "project-folder/sub.jpg/a.tar.gz"]),
    ],
)
def test_terms(cataloger: Cataloger, filled: Path, expression: str, names: list[str]) -> None:
    text = expression.replace("{tree}", str(filled))
    expected = {os.fsencode(os.path.normpath(filled / name)) for name in names}
    if expression == "type:folder,link -type:link p":
        expected = {path for path in expected if b"p" in os.path.basename(path).lower()}
    page = cataloger.catalog.find(text)
    assert {row.path for row in page.rows} == expected
    assert page.total == len(page.rows) == len(expected)
    for sort in ("", "path", "-name", "size", "-size", "modified", "-created"):
        rows = cataloger.rows(text, sort=sort, limit=2)
        assert sorted(row.path for row in rows) == sorted(expected), sort


def test_a_row_says_what_it_is(cataloger: Cataloger, filled: Path) -> None:
    rows = {os.path.basename(row.path): row for row in cataloger.rows("type:folder,link,special,image")}
    folder, link = rows[b"project-folder"], rows[b"link-to-photo"]
    assert (folder.type, folder.extension, folder.size, folder.hash) == (
        "folder",
        "",
        len("notes") + len("archive"),
        b"",
    )
    assert (link.type, link.hash_state, rows[b"pipe"].type, rows[b"photo.JPG"].type) == (
        "link",
        "none",
        "special",
        "image",
    )
    assert cataloger.catalog.find("type:folder").total_bytes is None, "a folder's bytes are its files'"


def test_where_no_file_is_found_folders_are_counted(cataloger: Cataloger, filled: Path) -> None:
    for expression, folders in (
        ("project-folder", 1),
        ("name:project*", 1),
        ("nothing-at-all", 0),
        ("project-folder ext:jpg", 0),
        ("photo", 0),
        ("-photo size:>1G", 0),
    ):
        assert cataloger.catalog.find(expression).folders == folders, expression


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("docs/a.txt", "write the whole path, or 'path:**/docs/a.txt'"),
        ("{tree}/nowhere.jpg", "the root tree has nothing there"),
        ("/nowhere/at-all.jpg", "outside of the catalog"),
        ("path:/nowhere/**", "outside of the catalog"),
        ("ext:*.jpg", "write ext:jpg"),
        ("type:folder ext:jpg", "a folder has no extension"),
        ("type:folder dup:yes", "a folder has no copies"),
        ("type:dir", "did you mean folder?"),
    ],
)
def test_what_can_never_match_is_refused(cataloger: Cataloger, filled: Path, expression: str, reason: str) -> None:
    with pytest.raises(EngineError) as error:
        cataloger.catalog.find(expression.replace("{tree}", str(filled)))
    assert error.value.kind == "invalid_query"
    assert reason in error.value.message


def test_a_pattern_below_a_link_is_one_below_the_folder(cataloger: Cataloger, filled: Path, tmp_path: Path) -> None:
    (tmp_path / "short").symlink_to(filled)
    photo = below(filled, ["photo.JPG"])
    for pattern in (f"path:{tmp_path}/short/*.jpg", f"{tmp_path}/short/*.JPG", f"path:{tmp_path}/short/photo.jpg"):
        assert cataloger.paths(pattern) == photo, pattern
    assert cataloger.paths(f"path:{str(filled).upper()}/*.jpg") == photo, "letters large and small are one"


def test_exports_hold_links_and_no_folders(cataloger: Cataloger, filled: Path) -> None:
    lines = b"".join(cataloger.catalog.export("type:link", "ndjson")).splitlines()
    assert len(lines) == 2
    assert all(b'"type":"link"' in line for line in lines)
    (line,) = b"".join(cataloger.catalog.export(f"{filled}/b.gz", "ndjson")).splitlines()
    assert b'"type":"archive"' in line
    for expression, reason in (("type:folder", "holds no folders"), (str(filled / "project-folder"), "under:")):
        with pytest.raises(EngineError, match=reason):
            cataloger.catalog.export(expression, "csv")


def test_an_accented_name_is_found_however_it_is_stored_or_typed(cataloger: Cataloger, tree: Path) -> None:
    composed, decomposed = "r\u00e9sum\u00e9", "re\u0301sume\u0301"
    build(tree, {f"{composed} 1.txt": "1", f"{decomposed} 2.txt": "2"})
    cataloger.add(tree)
    cataloger.settled_scan()
    for indexed in (False, True):
        if indexed:
            assert cataloger.catalog.wait_name_index(60)
        for word in (composed, decomposed):
            for term in (word, word.upper(), f"name:{word}*", f"path:**/{word}*", f"name:*[{word[-1]}\u00e9]*"):
                assert (
                    len(cataloger.rows(f'{term.partition(":")[0]}:"{term.partition(":")[2]}"' if ":" in term else term))
                    == 2
                )


@pytest.mark.parametrize("scope", ["all", "duplicates", "none"])
def test_the_hash_of_nothing_finds_empty_files(cataloger: Cataloger, tree: Path, scope: str) -> None:
    build(tree, {"empty": "", "empty too": "", "full": "x"})
    cataloger.add(tree, hash=scope)
    cataloger.settled_scan()
    nothing = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    for digits in (8, 20, 64):
        page = cataloger.catalog.find(f"hash:{nothing[:digits]}", limit=1)
        assert (len(page.rows), page.total) == (1, 2)
        assert len(cataloger.rows(f"hash:{nothing[:digits]}", limit=1)) == 2
    (group,) = cataloger.groups(min_size=0)
    assert group.hash.hex() == nothing


def test_a_folder_with_an_accent_is_found_however_it_is_stored_or_typed(cataloger: Cataloger, tree: Path) -> None:
    composed, decomposed = "\u00e9t\u00e9", "e\u0301te\u0301"
    for number, (stored, typed) in enumerate([(composed, decomposed), (decomposed, composed)]):
        root = build(tree / f"{number}" / stored / f"in {typed}", {f"{stored}/file {stored}": "1", "other": "2"})
        root_id = cataloger.add(root)
        cataloger.scan(root_id)
        asked = tree / f"{number}" / typed / f"in {stored}"
        expected = below(root, [f"{stored}/file {stored}"])
        assert cataloger.paths(f'under:"{asked}/{typed}"') == expected
        assert cataloger.paths(f'"{asked}/{typed}/file {typed}"') == expected
        assert cataloger.catalog.place(os.fsencode(asked)).path == os.fsencode(root)
        with pytest.raises(EngineError, match="is outside of the catalog"):
            cataloger.paths(f'under:"{asked}/o\u0308"')


def test_duplicates_are_asked_for_by_the_extension_that_is_kept(cataloger: Cataloger, tree: Path) -> None:
    build(
        tree, {"a.jpg": "photo", "b.JPG": "photo", "c.tar.gz": "archive", "d.tar.gz": "archive", "e": "no", "f": "no"}
    )
    cataloger.add(tree)
    cataloger.settled_scan()
    for extensions, sizes in (
        (["jpg"], {5}),
        (["gz"], {7}),
        (["none"], {2}),
        (["none", ".JPG"], {2, 5}),
        ([], {2, 5, 7}),
    ):
        assert {group.size for group in cataloger.groups(extensions=extensions)} == sizes
    with pytest.raises(EngineError, match=re.escape("find 'dup:yes ext:tar.gz'")):
        cataloger.groups(extensions=["tar.gz"])
    assert cataloger.paths("dup:yes ext:tar.gz") == below(tree, ["c.tar.gz", "d.tar.gz"])

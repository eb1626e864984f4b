"""The map's tiles: their areas, that none covers another one, that none leaves its folder; without a display."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanchay.v1 import catalog_pb2, common_pb2
from sanchay_tray.window import shown
from sanchay_tray.window.pages.space.colouring import COLOURINGS, Facts, class_words
from sanchay_tray.window.pages.space.layout import Tiles, lay_out
from sanchay_tray.window.pages.space.tree import Tree, tree_of

WIDE, HIGH, HEADER = 900.0, 500.0, 16.0


def row(path: str, depth: int, size: int, files: int = 1) -> catalog_pb2.DiskUsageRow:
    """A row as the daemon gives it."""
    return catalog_pb2.DiskUsageRow(
        path=common_pb2.Path(raw=path.encode()), depth=depth, allocated=size, bytes=size, files=files
    )


def any_tree(seed: int) -> Tree:
    """A tree of three levels, sizes from nothing to most of it."""
    luck = random.Random(seed)

    def below(path: str, depth: int) -> list[catalog_pb2.DiskUsageRow]:
        rows = []
        for number in range(luck.choice((1, 3, 12)) if depth < 3 else 0):
            rows += below(f"{path}/{number}", depth + 1)
        inside = sum(each.allocated for each in rows if each.depth == depth + 1)
        return [row(path, depth, inside + luck.choice((0, 1, 50, int(luck.paretovariate(0.7) * 100)))), *rows]

    return tree_of(below("/top", 0))


def laid(tree: Tree, *, mirrored: bool = False, hidden: tuple[bytes, ...] = ()) -> Tiles:
    """The tiles of the whole tree."""
    return lay_out(tree.children, tree.weights(hidden), 0, WIDE, HIGH, header=HEADER, mirrored=mirrored)


@given(seed=st.integers(0, 10**9), mirrored=st.booleans())
def test_tiles_share_their_folder_by_weight_and_neither_overlap_nor_leave_it(seed: int, mirrored: bool) -> None:
    tree = any_tree(seed)
    tiles, weights = laid(tree, mirrored=mirrored), tree.weights()
    for node, tile in tiles.at.items():
        if not tiles.opened[tile]:
            continue
        x, y, width, height = tiles.rect(tile)
        inside = [tiles.at[child] for child in tree.children[node] if weights[child]]
        areas = [tiles.width[each] * tiles.height[each] for each in inside]
        for each, area in zip(inside, areas, strict=True):
            share = weights[tiles.nodes[each]] / weights[node]
            assert area == pytest.approx(sum(areas) * share, rel=1e-6, abs=1e-6)
            assert tiles.x[each] >= x - 1e-6
            assert tiles.x[each] + tiles.width[each] <= x + width + 1e-6
            assert tiles.y[each] >= y + tiles.header[tile] - 1e-6
            assert tiles.y[each] + tiles.height[each] <= y + height + 1e-6
        for number, one in enumerate(inside):
            for other in inside[number + 1 :]:
                apart = (
                    tiles.x[one] + tiles.width[one] <= tiles.x[other] + 1e-6
                    or tiles.x[other] + tiles.width[other] <= tiles.x[one] + 1e-6
                    or tiles.y[one] + tiles.height[one] <= tiles.y[other] + 1e-6
                    or tiles.y[other] + tiles.height[other] <= tiles.y[one] + 1e-6
                )
                assert apart


def test_equal_trees_lie_equally_and_a_folder_stands_before_what_is_in_it() -> None:
    first, second = laid(any_tree(7)), laid(any_tree(7))
    assert first == second
    tree = any_tree(7)
    assert all(first.at[tree.parents[node]] < tile for node, tile in first.at.items() if node)


def test_a_point_finds_the_innermost_tile_and_arrows_go_to_the_one_beside_it() -> None:
    tree = tree_of([row("/t", 0, 400), *(row(f"/t/{name}", 1, 100) for name in "abcd")])
    tiles = laid(tree)
    middles = {node: (x + w / 2, y + h / 2) for node in tree.children[0] for x, y, w, h in [tiles.rect(tiles.at[node])]}
    for node, (x, y) in middles.items():
        assert tiles.hit(tree.children, x, y) == node
    first = tree.children[0][0]
    right = tiles.neighbour(first, tree.children[0], 1, 0)
    down = tiles.neighbour(first, tree.children[0], 0, 1)
    assert right is not None
    assert middles[right][0] > middles[first][0]
    assert down is not None
    assert middles[down][1] > middles[first][1]
    assert tiles.neighbour(first, tree.children[0], -1, 0) is None
    assert tiles.hit(tree.children, -1, 0) is None


def test_what_is_hidden_takes_no_room_and_its_folder_takes_less() -> None:
    tree = tree_of([row("/t", 0, 90), row("/t/a", 1, 60), row("/t/a/x", 2, 40), row("/t/b", 1, 30)])
    a, x = tree.node_of(b"/t/a"), tree.node_of(b"/t/a/x")
    assert a is not None
    assert tree.weights()[a] == 60
    assert tree.weights([b"/t/a/x"])[a] == 20
    assert x not in laid(tree, hidden=(b"/t/a/x",)).at


def test_what_no_row_says_is_one_node_and_several_tops_lie_in_one() -> None:
    tree = tree_of([row("/t", 0, 100, files=5), row("/t/a", 1, 60, files=2)])
    rest = tree.children[0][1]
    assert (tree.is_rest[rest], tree.sizes[rest], tree.files[rest]) == (True, 40, 3)
    small = tree_of([row("/t", 0, 100, files=5)])
    assert [small.is_rest[node] for node in small.children[0]] == [True]
    both = tree_of([row("/one", 0, 10), row("/two", 0, 30), row("/two/x", 1, 30)])
    assert (both.paths[0], both.sizes[0]) == (b"", 40)
    assert [both.paths[node] for node in both.children[0]] == [b"/two", b"/one"]


def test_the_names_of_one_file_take_no_more_than_the_folder_that_counts_it_once() -> None:
    linked = [row(f"/t/a/{number}", 2, 40) for number in range(3)]
    tree = tree_of([row("/t", 0, 80), row("/t/a", 1, 40), *linked, row("/t/b", 1, 40)])
    tiles, areas = laid(tree), {}
    for node in tree.children[0]:
        _, _, width, height = tiles.rect(tiles.at[node])
        areas[tree.paths[node]] = width * height
    assert areas[b"/t/a"] == pytest.approx(areas[b"/t/b"], rel=0.01)


def test_a_node_is_found_again_in_a_later_answer() -> None:
    before = tree_of([row("/t", 0, 100), row("/t/a", 1, 60), row("/t/a/x", 2, 50), row("/t/b", 1, 10)])
    after = tree_of([row("/t", 0, 200), row("/t/b", 1, 100), row("/t/a", 1, 60), row("/t/a/x", 2, 50)])
    for node in range(len(before)):
        again = after.same(before, node)
        assert again is not None
        assert (after.paths[again], after.is_rest[again]) == (before.paths[node], before.is_rest[node])
    assert tree_of([row("/t", 0, 60), row("/t/a", 1, 60)]).same(before, before.children[0][-1]) is None


def test_nothing_at_all_has_no_tiles() -> None:
    assert len(laid(tree_of([]))) == 0
    assert len(laid(tree_of([row("/t", 0, 0)]))) == 0


def test_rows_are_near_squares() -> None:
    tree = tree_of([row("/t", 0, 1000 * 50), *(row(f"/t/{number}", 1, 50) for number in range(1000))])
    tiles = laid(tree)
    ratios = sorted(
        max(tiles.width[tile], tiles.height[tile]) / min(tiles.width[tile], tiles.height[tile])
        for node, tile in tiles.at.items()
        if node
    )
    assert ratios[len(ratios) // 2] < 1.5


def test_the_rest_has_what_its_sisters_leave_of_each_type() -> None:
    top, file = row("/t", 0, 100, files=5), row("/t/a.jpg", 1, 60)
    top.type_bytes.update({"image": 70, "log": 30})
    file.type = "image"
    file.type_bytes["image"] = file.copied_bytes = 60
    top.copied_bytes = 65
    tree = tree_of([top, file], with_types=True)
    rest = tree.children[0][1]
    assert (tree.type_bytes[rest], tree.copied_bytes[rest]) == ({"image": 10, "log": 30}, 5)
    assert [tree.is_folder(node) for node in range(3)] == [True, False, False]
    colouring = {each.key: each for each in COLOURINGS}
    classes = [shown.TYPES[name] for name in ("image", "image", "log")]
    facts = Facts(0, {}, 0)
    assert [colouring["type"].classes[each].words for each in colouring["type"].of(tree, 0, facts)] == classes
    assert colouring["copies"].of(tree, 0, facts) == [0, 0, 1]
    grown = Facts(0, {b"/t": 50}, 7)
    assert colouring["growth"].of(tree, 0, grown) == [0, 0, 0]
    assert [class_words(colouring["growth"], tree, node, grown) for node in range(3)] == 3 * ["grew by a tenth or more"]


def test_a_file_without_blocks_takes_none_where_others_have_some() -> None:
    sparse = row("/t/sparse", 1, 0)
    sparse.bytes = 1 << 40
    assert tree_of([row("/t", 0, 100), sparse]).sizes[1] == 0
    top = row("/t", 0, 0)
    top.bytes = sparse.bytes
    assert tree_of([top, sparse]).sizes[1] == 1 << 40, "a file system that does not say"

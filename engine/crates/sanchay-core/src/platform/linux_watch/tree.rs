//! Which folder each inotify watch is of: a tree of names, so that a renamed folder takes all below it along at the cost
//! of one name.
//!
//! A watch is of an inode, and an inode may be in the tree at several places: by bind mounts, by roots inside roots, or
//! because a folder was seen under two names while it was being renamed. So a watch leads to a chain of nodes, and it is
//! to be removed with the last of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::watch::paths::prefix;
use crate::watch::{PathBytes, Scope};

type Index = u32;
const NONE: Index = Index::MAX;

/// A folder of the tree. An id outlives its folder and then names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId {
    index: Index,
    generation: u32,
}

#[derive(Debug)]
struct Node {
    /// `NONE` for the top of a root.
    parent: Index,
    /// The name in the parent; the absolute path of a root.
    name: Box<[u8]>,
    watch: i32,
    /// The next node of the same watch.
    same_watch: Index,
    children: BTreeMap<Box<[u8]>, Index>,
    generation: u32,
}

#[derive(Debug)]
pub struct Root {
    pub top: NodeId,
    pub scope: Arc<Scope>,
    pub folders: usize,
}

#[derive(Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    free: Vec<Index>,
    by_watch: HashMap<i32, Index>,
    /// By the node on top, for a root that gets a new scope has two for a while.
    roots: HashMap<Index, Root>,
    generation: u32,
}

/// Where a folder is.
#[derive(Debug)]
pub struct TreePlace {
    /// The absolute path.
    pub path: PathBytes,
    /// The path below the root; empty for the root.
    pub relative: PathBytes,
    pub root: PathBytes,
    pub top: NodeId,
    pub scope: Arc<Scope>,
}

impl Tree {
    /// Puts a root on top. What it watched before, if anything, stays until it is removed by its node.
    pub fn put_root(&mut self, path: &[u8], watch: i32, scope: Arc<Scope>) -> NodeId {
        let top = self.add(NONE, path, watch);
        self.roots.insert(top.index, Root { top, scope, folders: 1 });
        top
    }

    /// Puts a folder below another; one of that name with another watch is replaced, and the watches given back that
    /// nothing is left of. `None` if the parent is gone.
    pub fn put_child(&mut self, parent: NodeId, name: &[u8], watch: i32) -> Option<(NodeId, Vec<i32>)> {
        let known = self.get(parent)?.children.get(name).copied();
        let mut orphans = Vec::new();
        if let Some(index) = known {
            let id = self.id(index);
            if self.nodes[index as usize].watch == watch {
                return Some((id, orphans));
            }
            orphans = self.remove(id);
            // The watch that is put now may have been one of theirs.
            orphans.retain(|orphan| *orphan != watch);
        }
        let child = self.add(parent.index, name, watch);
        self.nodes[parent.index as usize].children.insert(name.into(), child.index);
        self.count(parent, 1);
        Some((child, orphans))
    }

    /// The folder of a name in another one.
    pub fn child(&self, parent: NodeId, name: &[u8]) -> Option<NodeId> {
        self.get(parent)?.children.get(name).map(|index| self.id(*index))
    }

    /// The folder that a path below a top lies in.
    pub fn parent_of(&self, top: NodeId, relative: &[u8]) -> Option<NodeId> {
        let Some(at) = relative.iter().rposition(|byte| *byte == b'/') else { return Some(top) };
        relative[..at].split(|byte| *byte == b'/').try_fold(top, |parent, name| self.child(parent, name))
    }

    /// The names of the folders in a folder.
    pub fn children(&self, parent: NodeId) -> Vec<(Box<[u8]>, NodeId)> {
        let children = self.get(parent).map(|node| &node.children);
        children.into_iter().flatten().map(|(name, index)| (name.clone(), self.id(*index))).collect()
    }

    /// The folders that a watch is of.
    pub fn nodes_of(&self, watch: i32) -> Vec<NodeId> {
        let first = self.by_watch.get(&watch).copied();
        let next = |index: &Index| Some(self.nodes[*index as usize].same_watch).filter(|index| *index != NONE);
        std::iter::successors(first, next).map(|index| self.id(index)).collect()
    }

    /// The watch of a folder.
    pub fn watch_of(&self, id: NodeId) -> Option<i32> {
        self.get(id).map(|node| node.watch)
    }

    /// Whether the folder is the top of a root.
    pub fn is_top(&self, id: NodeId) -> bool {
        self.get(id).is_some_and(|node| node.parent == NONE)
    }

    /// Where the folder is.
    pub fn place(&self, id: NodeId) -> Option<TreePlace> {
        self.get(id)?;
        let mut names = Vec::new();
        let mut index = id.index;
        while self.nodes[index as usize].parent != NONE {
            names.push(&self.nodes[index as usize].name);
            index = self.nodes[index as usize].parent;
        }
        let root = self.nodes[index as usize].name.to_vec();
        let mut relative = Vec::new();
        for name in names.into_iter().rev() {
            if !relative.is_empty() {
                relative.push(b'/');
            }
            relative.extend_from_slice(name);
        }
        let path = if relative.is_empty() { root.clone() } else { [prefix(&root), relative.clone()].concat() };
        Some(TreePlace { path, relative, root, top: self.id(index), scope: self.roots.get(&index)?.scope.clone() })
    }

    /// The tops of a root; more than one while it gets a new scope.
    pub fn tops(&self, root: &[u8]) -> Vec<NodeId> {
        self.all_tops().into_iter().filter(|top| *self.nodes[top.index as usize].name == *root).collect()
    }

    /// The tops of all roots.
    pub fn all_tops(&self) -> Vec<NodeId> {
        self.roots.values().map(|root| root.top).collect()
    }

    /// How many folders are watched below a top, itself included.
    pub fn folders(&self, top: NodeId) -> usize {
        self.get(top).and_then(|_| self.roots.get(&top.index)).map_or(0, |root| root.folders)
    }

    /// Moves a folder, with all below it, to another place; a folder that has the name there is removed. Gives back the
    /// watches that nothing is left of.
    pub fn relocate(&mut self, id: NodeId, parent: NodeId, name: &[u8]) -> Vec<i32> {
        if self.get(id).is_none() || self.get(parent).is_none() || self.is_below(parent, id) {
            return Vec::new();
        }
        let orphans = match self.child(parent, name) {
            Some(known) if known == id => return Vec::new(),
            Some(known) => self.remove(known),
            None => Vec::new(),
        };
        let Node { parent: old_parent, name: old_name, .. } = &self.nodes[id.index as usize];
        let (old_parent, old_name) = (*old_parent, old_name.clone());
        if old_parent == NONE || self.get(id).is_none() || self.get(parent).is_none() {
            return orphans;
        }
        let crosses = self.top_of(id.index) != self.top_of(parent.index);
        let folders = if crosses { self.subtree(id.index).len() as isize } else { 0 };
        self.count(id, -folders);
        self.nodes[old_parent as usize].children.remove(&old_name);
        self.nodes[parent.index as usize].children.insert(name.into(), id.index);
        let node = &mut self.nodes[id.index as usize];
        (node.parent, node.name) = (parent.index, name.into());
        self.count(id, folders);
        orphans
    }

    /// Removes a folder with all below it, and gives back the watches that nothing is left of.
    pub fn remove(&mut self, id: NodeId) -> Vec<i32> {
        if self.get(id).is_none() {
            return Vec::new();
        }
        let removed = self.subtree(id.index);
        self.count(id, -(removed.len() as isize));
        let Node { parent, name, .. } = &self.nodes[id.index as usize];
        if *parent == NONE {
            self.roots.remove(&id.index);
        } else {
            let (parent, name) = (*parent, name.clone());
            self.nodes[parent as usize].children.remove(&name);
        }
        removed.into_iter().filter_map(|index| self.release(index)).collect()
    }

    fn release(&mut self, index: Index) -> Option<i32> {
        let node = &mut self.nodes[index as usize];
        let (watch, next) = (node.watch, node.same_watch);
        (node.children, node.name, node.generation) = (BTreeMap::new(), Box::default(), 0);
        self.free.push(index);
        let first = self.by_watch.get_mut(&watch)?;
        if *first == index {
            if next == NONE {
                self.by_watch.remove(&watch);
                return Some(watch);
            }
            *first = next;
            return None;
        }
        let mut before = *first as usize;
        while self.nodes[before].same_watch != index {
            before = self.nodes[before].same_watch as usize;
        }
        self.nodes[before].same_watch = next;
        None
    }

    fn add(&mut self, parent: Index, name: &[u8], watch: i32) -> NodeId {
        self.generation += 1;
        let index = self.free.pop().unwrap_or(self.nodes.len() as Index);
        let same_watch = self.by_watch.insert(watch, index).unwrap_or(NONE);
        let generation = self.generation;
        let node = Node { parent, name: name.into(), watch, same_watch, children: BTreeMap::new(), generation };
        match self.nodes.get_mut(index as usize) {
            Some(slot) => *slot = node,
            None => self.nodes.push(node),
        }
        NodeId { index, generation }
    }

    fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.index as usize).filter(|node| node.generation == id.generation)
    }

    fn id(&self, index: Index) -> NodeId {
        NodeId { index, generation: self.nodes[index as usize].generation }
    }

    fn subtree(&self, index: Index) -> Vec<Index> {
        let mut found = vec![index];
        let mut next = 0;
        while let Some(index) = found.get(next).copied() {
            found.extend(self.nodes[index as usize].children.values());
            next += 1;
        }
        found
    }

    fn top_of(&self, mut index: Index) -> Index {
        while self.nodes[index as usize].parent != NONE {
            index = self.nodes[index as usize].parent;
        }
        index
    }

    fn is_below(&self, id: NodeId, above: NodeId) -> bool {
        let up = |index: &Index| Some(self.nodes[*index as usize].parent).filter(|index| *index != NONE);
        std::iter::successors(Some(id.index), up).any(|index| index == above.index)
    }

    fn count(&mut self, id: NodeId, folders: isize) {
        let top = self.top_of(id.index);
        if let Some(root) = self.roots.get_mut(&top) {
            root.folders = root.folders.saturating_add_signed(folders);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(tree: &Tree, id: NodeId) -> String {
        tree.place(id).map_or_else(|| "gone".to_owned(), |place| String::from_utf8_lossy(&place.path).into_owned())
    }

    #[test]
    fn a_renamed_folder_takes_all_below_it_along() {
        let mut tree = Tree::default();
        let top = tree.put_root(b"/r", 1, Arc::default());
        let (a, _) = tree.put_child(top, b"a", 2).expect("there");
        let (b, _) = tree.put_child(a, b"b", 3).expect("there");
        let (x, _) = tree.put_child(top, b"x", 4).expect("there");
        assert_eq!(tree.relocate(a, x, b"c"), []);
        assert_eq!((path(&tree, b), tree.folders(top)), ("/r/x/c/b".to_owned(), 4));
        assert_eq!(tree.relocate(x, b, b"x"), [], "never into itself");
        assert_eq!(tree.remove(a), [2, 3]);
        assert_eq!((path(&tree, b), tree.folders(top)), ("gone".to_owned(), 2));
        let (again, _) = tree.put_child(x, b"c", 5).expect("there");
        assert_ne!(again, a, "an id is not used again");
        assert_eq!(tree.put_child(a, b"y", 6), None);
    }

    #[test]
    fn a_watch_goes_with_the_last_of_its_folders() {
        let mut tree = Tree::default();
        let outer = tree.put_root(b"/r", 1, Arc::default());
        let (inside, _) = tree.put_child(outer, b"in", 2).expect("there");
        let inner = tree.put_root(b"/r/in", 2, Arc::default());
        assert_eq!(tree.nodes_of(2).len(), 2);
        assert_eq!(tree.remove(inside), []);
        assert_eq!(tree.nodes_of(2), [inner]);
        assert_eq!(tree.remove(inner), [2]);
        let (old, _) = tree.put_child(outer, b"a", 7).expect("there");
        let (new, orphans) = tree.put_child(outer, b"a", 8).expect("there");
        assert_eq!((orphans, tree.watch_of(old), tree.watch_of(new)), (vec![7], None, Some(8)));
    }
}

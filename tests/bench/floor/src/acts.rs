//! The floor of acts on copies: `floor ACT TREE [TRASH]`, where the tree has `kept/PATH` and `copies/PATH` with equal bytes.
//!
//! `link` opens both, compares their bytes, links the kept file beside the copy and renames it over that. `trash` writes
//! the info file of each copy, syncs the folder of those each thousand, and renames the copy into the trash; `back` renames
//! it back. Each ends with what it did on the disk. Nothing is noted, and nothing that another program does is seen.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

const FILES_PER_SYNC: usize = 1000;

/// Whether this is one of the modes here.
pub fn is_act(mode: &str) -> bool {
    matches!(mode, "link" | "trash" | "back")
}

/// Acts on each copy of the tree, one after the other.
pub fn act(mode: &str, tree: &Path, trash: Option<&Path>) {
    let start = Instant::now();
    let copies = if mode == "back" { Vec::new() } else { files_below(&tree.join("copies")) };
    let count = match mode {
        "link" => link(tree, &copies),
        "trash" => move_to(tree, &copies, trash.expect("a trash")),
        _ => move_back(tree, trash.expect("a trash")),
    };
    rustix::fs::syncfs(File::open(tree).unwrap()).unwrap();
    println!("{mode} files={count} s={:.3}", start.elapsed().as_secs_f64());
}

fn link(tree: &Path, copies: &[PathBuf]) -> usize {
    let (mut one, mut other) = (Vec::new(), Vec::new());
    for copy in copies {
        let kept = tree.join("kept").join(copy.strip_prefix(tree.join("copies")).unwrap());
        read(&kept, &mut one);
        read(copy, &mut other);
        assert!(one == other, "not a copy");
        let temporary = copy.with_file_name(".floor-new");
        fs::hard_link(&kept, &temporary).unwrap();
        fs::rename(&temporary, copy).unwrap();
    }
    copies.len()
}

/// The name in the trash is a number; the info file has the path.
fn move_to(tree: &Path, copies: &[PathBuf], trash: &Path) -> usize {
    let (files, infos) = (trash.join("files"), trash.join("info"));
    fs::create_dir_all(&files).unwrap();
    fs::create_dir_all(&infos).unwrap();
    let synced = File::open(&infos).unwrap();
    for (number, copy) in copies.iter().enumerate() {
        let below = copy.strip_prefix(tree).unwrap().display();
        fs::write(infos.join(format!("{number}.trashinfo")), format!("[Trash Info]\nPath={below}\n")).unwrap();
        if number % FILES_PER_SYNC == FILES_PER_SYNC - 1 {
            synced.sync_all().unwrap();
        }
        fs::rename(copy, files.join(number.to_string())).unwrap();
    }
    copies.len()
}

fn move_back(tree: &Path, trash: &Path) -> usize {
    let mut count = 0;
    for info in files_below(&trash.join("info")) {
        let text = fs::read_to_string(&info).unwrap();
        let below = text.trim_end().rsplit_once("Path=").unwrap().1;
        fs::rename(trash.join("files").join(info.file_stem().unwrap()), tree.join(below)).unwrap();
        fs::remove_file(info).unwrap();
        count += 1;
    }
    count
}

fn read(path: &Path, into: &mut Vec<u8>) {
    into.clear();
    let mut file = File::open(path).unwrap();
    file.metadata().unwrap();
    file.read_to_end(into).unwrap();
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_below(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

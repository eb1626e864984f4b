//! `du` with files, types and a least share, against a plain sum over every file.

use proptest::prelude::*;

use super::*;

/// A file of a made tree: the folder that it is in, its content, further allocated bytes, its extension.
type Made = (usize, u64, u64, usize);

const EXTENSIONS: [&str; 4] = ["jpg", "txt", "mp4", "none"];

struct Placed {
    path: Vec<u8>,
    entry: Entry,
    file_type: FileType,
}

struct Tree {
    catalog: Catalog,
    folders: Vec<Vec<u8>>,
    files: Vec<Placed>,
    _folder: tempfile::TempDir,
}

/// What a row is to say: all that is compared.
#[derive(Debug, PartialEq)]
struct Said {
    path: Vec<u8>,
    depth: u32,
    file_type: Option<FileType>,
    files: u64,
    directories: u64,
    bytes: u64,
    allocated: u64,
    newest_ns: Option<i64>,
    left_out: LeftOut,
    types: Vec<(FileType, u64)>,
    copied_bytes: u64,
}

impl Tree {
    /// Folder `n + 1` lies in the folder `parents[n]` of those before it.
    fn new(parents: &[usize], made: &[Made]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&folder.path().join("catalog.db"), CatalogOptions::default()).unwrap();
        let (mut folders, mut files) = (vec![top()], Vec::new());
        let mut changes = vec![directory(1, 0, top())];
        for (at, parent) in parents.iter().enumerate() {
            let (id, parent, name) = (at as i64 + 2, parent % (at + 1), format!("d{at}"));
            folders.push(join(&folders[parent], name.as_bytes()));
            changes.push(directory(id, parent as i64 + 1, name.into_bytes()));
        }
        for (at, change) in changes.iter_mut().enumerate() {
            let of_folder = made.iter().enumerate().filter(|(_, made)| made.0 % folders.len() == at);
            let slots: Vec<(String, Entry)> = of_folder.map(|(number, made)| file(&catalog, number, made)).collect();
            for (chunk, slots) in slots.chunks(3).enumerate() {
                let block = (at * made.len() + chunk + 1) as i64;
                let refs: Vec<EntryRef<'_>> =
                    slots.iter().map(|(name, entry)| EntryRef { name: name.as_bytes(), entry: *entry }).collect();
                change.blocks.push(BlockWrite { id: block, block: encode(&refs), entries: refs.len(), over: false });
                for (slot, (name, entry)) in slots.iter().enumerate() {
                    change.usage.count(entry, 1);
                    if let Some((posting, hash)) = Posting::of(EntryId::new(block, slot), entry, false) {
                        change.staged.push(Staged { posting, hash });
                    }
                    let extension = extension(name.as_bytes());
                    let file_type = extension.map_or(FileType::Other, |text| FileType::from_extension(text.as_bytes()));
                    files.push(Placed { path: join(&folders[at], name.as_bytes()), entry: *entry, file_type });
                }
            }
        }
        catalog.reserve_blocks(folders.len() * made.len() + 1);
        (0..changes.len()).for_each(|_| _ = catalog.next_directory_id());
        let write = move |session: &mut crate::writer::Session| {
            session.apply(&changes)?;
            session.merge_content(&mut |_| ControlFlow::Continue(()))
        };
        catalog.writer().run(write).unwrap();
        Self { catalog, folders, files, _folder: folder }
    }

    fn has_copy(&self, file: &Placed) -> bool {
        let equal = |other: &&Placed| other.entry.hash == file.entry.hash && other.entry.inode != file.entry.inode;
        file.entry.hash.is_some() && self.files.iter().any(|other| equal(&other))
    }

    fn said(&self, path: &[u8], depth: u32, file_type: Option<FileType>, with_types: bool) -> Said {
        let below = |other: &[u8]| sanchay_core::path::is_within(other, path);
        let files: Vec<&Placed> = self.files.iter().filter(|file| below(&file.path)).collect();
        let bytes = |which: &dyn Fn(&Placed) -> bool| {
            files.iter().filter(|file| which(file)).map(|file| file.entry.size_bytes).sum::<u64>()
        };
        let by_type = FileType::ALL.map(|file_type| (file_type, bytes(&|file| file.file_type == file_type)));
        Said {
            path: path.to_vec(),
            depth,
            file_type,
            files: files.len() as u64,
            directories: self.folders.iter().filter(|folder| below(folder)).count() as u64,
            bytes: bytes(&|_| true),
            allocated: files.iter().map(|file| file.entry.allocated_bytes).sum(),
            newest_ns: files.iter().map(|file| file.entry.mtime_ns).max(),
            left_out: LeftOut::default(),
            types: by_type.into_iter().filter(|(_, bytes)| with_types && *bytes > 0).collect(),
            copied_bytes: if with_types { bytes(&|file| self.has_copy(file)) } else { 0 },
        }
    }

    /// The rows of a question, from nothing but the list of files.
    fn look(&self, request: &UsageRequest<'_>, own: Said, whole: (u64, u64), rows: &mut Vec<Said>) {
        let (path, depth, at) = (own.path.clone(), own.depth, rows.len());
        rows.push(own);
        if depth == request.depth || rows[at].file_type.is_some() {
            return;
        }
        let is_inside = |other: &[u8]| sanchay_core::path::split(other).0 == path.as_slice() && other != path;
        let folders = self.folders.iter().map(|folder| (folder, None));
        let files = self.files.iter().map(|file| (&file.path, Some(file.file_type)));
        let files = files.filter(|_| request.with_files);
        let mut inside: Vec<Said> = folders
            .chain(files)
            .filter(|(path, _)| is_inside(path))
            .map(|(path, file_type)| self.said(path, depth + 1, file_type, request.with_types))
            .collect();
        inside.sort_by(|a, b| (b.bytes, &a.path).cmp(&(a.bytes, &b.path)));
        for row in inside {
            let reaches = |part: u64, whole: u64| whole > 0 && part as f64 / whole as f64 >= request.least_share;
            if request.least_share == 0.0 || reaches(row.bytes, whole.0) || reaches(row.allocated, whole.1) {
                self.look(request, row, whole, rows);
            } else {
                let left_out = &mut rows[at].left_out;
                left_out.rows += 1;
                left_out.files += row.files;
                left_out.bytes += row.bytes;
                left_out.allocated += row.allocated;
            }
        }
    }
}

fn file(catalog: &Catalog, number: usize, (_, content, further, ending): &Made) -> (String, Entry) {
    let name = format!("{number}.{}", EXTENSIONS[ending % EXTENSIONS.len()]);
    let mut entry = Entry::dead();
    entry.kind = EntryKind::File;
    entry.size_bytes = if *content < 20 { 777 } else { content * content };
    entry.allocated_bytes = further * 4096;
    entry.mtime_ns = (number as i64 * 7919 % 100) * S;
    entry.inode = number as u64 + 1;
    entry.links = 1;
    entry.extension = catalog.extensions().intern(extension(name.as_bytes()));
    entry.hash_state = HashState::Hashed;
    entry.hash = Some(hash(*content));
    (name, entry)
}

fn as_said(row: &UsageRow) -> Said {
    Said {
        path: row.path.clone(),
        depth: row.depth,
        file_type: row.file_type,
        files: row.files,
        directories: row.directories,
        bytes: row.bytes,
        allocated: row.allocated,
        newest_ns: row.newest_ns,
        left_out: row.left_out,
        types: row.types.iter().flat_map(|types| types.by_type()).collect(),
        copied_bytes: row.types.as_ref().map_or(0, |types| types.copied_bytes),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn usage_is_the_sums_of_a_plain_look_in_any_pages(
        parents in proptest::collection::vec(any::<usize>(), 0..12),
        made in proptest::collection::vec((any::<usize>(), 0u64..300, 0u64..40, any::<usize>()), 0..40),
        asked in proptest::option::of(any::<usize>()),
        depth in prop_oneof![0u32..4, Just(1000)],
        (with_files, with_types) in any::<(bool, bool)>(),
        least_share in prop_oneof![Just(0.0), Just(1.0), 0.001f64..0.3],
        (limit, max_bytes) in (1usize..30, proptest::option::of(1usize..2000)),
    ) {
        let tree = Tree::new(&parents, &made);
        let path = asked.map(|asked| tree.folders[asked % tree.folders.len()].clone());
        let request = UsageRequest {
            path: path.as_deref(), depth, with_files, with_types, least_share, limit, max_bytes, token: "",
        };
        let own = tree.said(path.as_deref().unwrap_or(&top()), 0, None, with_types);
        let (whole, mut expected) = ((own.bytes, own.allocated), Vec::new());
        tree.look(&request, own, whole, &mut expected);
        let (mut token, mut rows) = (String::new(), Vec::new());
        loop {
            let page = tree.catalog.usage(&UsageRequest { token: &token, ..request }).unwrap();
            prop_assert!(!page.rows.is_empty() && page.rows.len() <= limit);
            rows.extend(page.rows.iter().map(as_said));
            token = page.next_token;
            if token.is_empty() {
                break;
            }
        }
        prop_assert_eq!(rows, expected);
    }
}

#[test]
fn the_largest_of_a_folder_of_many_files_are_found_and_all_others_are_one_sum() {
    let made: Vec<Made> = (0..6_000).map(|number| (0, 20 + number % 280, 1, 0)).collect();
    let tree = Tree::new(&[], &made);
    let request = UsageRequest { depth: 1, with_files: true, limit: 50, ..UsageRequest::default() };
    let mut sizes: Vec<u64> = tree.files.iter().map(|file| file.entry.size_bytes).collect();
    sizes.sort_unstable_by_key(|size| std::cmp::Reverse(*size));
    let page = tree.catalog.usage(&request).unwrap();
    assert_eq!(page.rows[1..].iter().map(|row| row.bytes).collect::<Vec<_>>(), sizes[..49]);
    assert_eq!((page.rows[0].left_out, page.next_token.as_str()), (LeftOut::default(), "50"));
    let page = tree.catalog.usage(&UsageRequest { least_share: 0.9, ..request }).unwrap();
    let own = &page.rows[0];
    let all = LeftOut { rows: 6_000, files: 6_000, bytes: own.bytes, allocated: own.allocated };
    assert_eq!((page.rows.len(), own.left_out), (1, all));
}

#[test]
fn a_sparse_file_hides_nothing_and_a_share_is_a_part_of_one() {
    let tree = Tree::new(&[0], &[(0, 20, 9, 0), (1, 299, 0, 1), (0, 21, 1, 0)]);
    let request = UsageRequest { depth: 1, with_files: true, least_share: 0.1, limit: 9, ..UsageRequest::default() };
    let rows = tree.catalog.usage(&request).unwrap().rows;
    let bytes: Vec<u64> = rows.iter().map(|row| row.bytes).collect();
    assert_eq!(bytes, [89_401 + 441 + 400, 89_401, 441, 400], "what is small by size is large on the disk");
    for least_share in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        assert!(tree.catalog.usage(&UsageRequest { least_share, ..request }).is_err());
    }
}

//! Plans over real trees, read back from the journal.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use sanchay_catalog::expression::{parse, Expression, SystemOwners, UtcTime};
use sanchay_catalog::journal::{Decision, IgnoredGroup, Journal, Plan};
use sanchay_catalog::queries::DuplicateRequest;
use sanchay_core::path::{bytes_of, path_from_bytes};

use super::*;
use crate::error::ErrorKind;
use crate::{Engine, EngineOptions, RootSettings};

/// Roots `one` and `two`, an engine and a journal.
struct Trees {
    engine: Engine,
    journal: Journal,
    base: PathBuf,
    _home: tempfile::TempDir,
}

/// What is asked, beside the defaults.
#[derive(Default)]
struct Asked<'a> {
    under: &'a str,
    keep_in: &'a str,
    drop_in: &'a str,
    min_size_bytes: u64,
    rules: Rules,
    drop: &'a str,
    keep: &'a str,
    isolate: &'a [&'a str],
    everywhere: bool,
    action: Action,
    site: Option<fn(&[u8]) -> Site>,
}

const SITE: Site = Site { device: 1, mount: 1, cannot: None };

/// Root `two` lies elsewhere.
fn is_two(file: &[u8]) -> bool {
    String::from_utf8_lossy(file).contains("/two/")
}

/// A plan as it is in the journal.
struct Planned {
    plan: Plan,
    /// Decision and reason of each name, by its path below the base.
    names: BTreeMap<String, (Decision, String)>,
    left_out: Vec<(String, i64)>,
}

impl Planned {
    fn with(&self, decision: Decision) -> Vec<&str> {
        self.names.iter().filter(|(_, own)| own.0 == decision).map(|(name, _)| name.as_str()).collect()
    }

    fn dropped(&self) -> Vec<&str> {
        self.with(Decision::Drop)
    }
}

impl Trees {
    /// Files by path below the base, with their content; the first is the oldest.
    fn new(files: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(home.path()).unwrap();
        let engine = Engine::open(&base.join("catalog.db"), EngineOptions::default()).unwrap();
        let journal = Journal::open(&base.join("journal.db"), 1).unwrap().journal;
        let trees = Self { engine, journal, base, _home: home };
        for (id, root) in [(1, "one"), (2, "two")] {
            trees.write(&format!("{root}/other"), root, 0);
            let path = trees.at(root);
            trees.engine.put_root(id, bytes_of(&path), &RootSettings::default()).unwrap();
        }
        for (age, (name, content)) in files.iter().enumerate() {
            trees.write(name, content, age as u64);
        }
        trees.scan();
        trees
    }

    fn at(&self, name: &str) -> PathBuf {
        name.split('/').fold(self.base.clone(), |folder, name| folder.join(name))
    }

    fn write(&self, name: &str, content: &str, age: u64) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000 + age)).unwrap();
    }

    fn link(&self, from: &str, to: &str) {
        fs::hard_link(self.at(from), self.at(to)).unwrap();
        self.scan();
    }

    fn scan(&self) {
        for root in [1, 2] {
            self.engine.scan(root, false, "").unwrap().wait(None).unwrap().unwrap();
        }
    }

    fn expression(&self, text: &str) -> Option<Expression> {
        let text = text.replace("BASE", self.base.to_str().unwrap());
        (!text.is_empty()).then(|| parse(&text, 0, &UtcTime, &SystemOwners).unwrap())
    }

    fn make(&self, asked: &Asked<'_>, goes_on: &dyn Fn() -> bool) -> Result<Plan, crate::EngineError> {
        let under = bytes_of(&self.at(asked.under)).to_vec();
        let place = |folder: &str| (!folder.is_empty()).then(|| bytes_of(&self.at(folder)).to_vec());
        let (keep_in, drop_in) = (place(asked.keep_in), Vec::from_iter(place(asked.drop_in)));
        let isolate: Vec<Vec<u8>> = asked.isolate.iter().map(|folder| bytes_of(&self.at(folder)).to_vec()).collect();
        let (drop, keep) = (self.expression(asked.drop), self.expression(asked.keep));
        let scope = DuplicateRequest {
            under: (!asked.under.is_empty()).then_some(under.as_slice()).into_iter().collect(),
            folders: keep_in.iter().chain(&drop_in).map(Vec::as_slice).collect(),
            min_size_bytes: asked.min_size_bytes.max(1),
            roots: self.engine.root_names().unwrap(),
            ..DuplicateRequest::default()
        };
        let request = PlanRequest {
            scope,
            rules: asked.rules.clone(),
            drop: drop.as_ref(),
            keep: keep.as_ref(),
            drop_in: &drop_in,
            isolate: &isolate,
            everywhere: asked.everywhere,
            action: asked.action,
            site_of: &|file, _| asked.site.map_or(SITE, |site| site(file)),
            asked: "{}",
            made_ns: 1,
        };
        make_plan(self.engine.catalog(), &self.journal, &request, goes_on)
    }

    fn plan(&self, asked: &Asked<'_>) -> Planned {
        let plan = self.make(asked, &|| true).unwrap();
        let copies = self.journal.copies_after(plan.id, None, 1_000).unwrap();
        let names = copies.into_iter().map(|planned| {
            let copy = planned.copy;
            let folder = path_from_bytes(&copy.root).join(path_from_bytes(&copy.folder));
            let path = folder.join(path_from_bytes(&copy.name));
            assert!(path.exists(), "the path is the file's own: {}", path.display());
            let below = path.strip_prefix(&self.base).unwrap().to_str().unwrap().replace('\\', "/");
            (below, (copy.decision, String::from_utf8(copy.reason).unwrap()))
        });
        let left_out = self.journal.skipped(plan.id).unwrap();
        let left_out = left_out.into_iter().map(|skipped| (skipped.reason, skipped.files)).collect();
        Planned { names: names.collect(), plan, left_out }
    }

    fn prefer(&self, prefer: Vec<Preference>) -> Planned {
        self.plan(&Asked { rules: Rules { prefer, ..Rules::default() }, ..Asked::default() })
    }
}

const TRIPLE: [(&str, &str); 3] = [("two/old", "same"), ("one/b/middle", "same"), ("one/a/newer", "same")];

#[test]
fn without_a_rule_the_roots_in_their_order_then_the_oldest_stay() {
    let planned = Trees::new(&TRIPLE).plan(&Asked::default());
    assert_eq!(planned.dropped(), ["one/a/newer", "two/old"]);
    assert_eq!(planned.names["one/b/middle"], (Decision::Keep, "first-in-order".to_owned()));
    assert_eq!((planned.plan.groups, planned.plan.files, planned.plan.undecided), (1, 2, 0));
    assert!(planned.plan.freed_bytes > 0);
    assert_eq!(planned.left_out, []);
}

#[test]
fn each_preference_decides_what_stays() {
    let trees = Trees::new(&TRIPLE);
    let under = |folder: &str| Preference::Under(bytes_of(&trees.at(folder)).to_vec());
    assert_eq!(trees.prefer(vec![Preference::Oldest]).with(Decision::Keep), ["two/old"]);
    assert_eq!(trees.prefer(vec![Preference::Newest]).with(Decision::Keep), ["one/a/newer"]);
    assert_eq!(trees.prefer(vec![Preference::ShortestPath]).with(Decision::Keep), ["two/old"]);
    assert_eq!(trees.prefer(vec![under("one/a")]).with(Decision::Keep), ["one/a/newer"]);
    let undecided = trees.prefer(vec![under("one")]);
    assert_eq!((undecided.plan.undecided, undecided.plan.files), (1, 0), "two lie there: nothing is guessed");
    assert_eq!(trees.prefer(vec![under("one"), Preference::Newest]).with(Decision::Keep), ["one/a/newer"]);
    trees.link("one/b/middle", "one/b/linked");
    assert_eq!(trees.prefer(vec![Preference::Linked]).with(Decision::Keep), ["one/b/linked", "one/b/middle"]);
}

#[test]
fn only_what_fits_drop_goes_what_fits_keep_never_does_and_one_stays_where_all_fit() {
    let trees = Trees::new(&TRIPLE);
    let planned = trees.plan(&Asked { drop: "under:BASE/one", ..Asked::default() });
    assert_eq!(planned.dropped(), ["one/a/newer", "one/b/middle"]);
    assert_eq!(planned.names["two/old"].1, "not-to-drop");
    let all = trees.plan(&Asked { drop: "size:>0", ..Asked::default() });
    assert_eq!((all.plan.undecided, all.plan.files), (1, 0), "a rule that fits all decides nothing");
    let rules = Rules { prefer: vec![Preference::Newest], ..Rules::default() };
    let one_stays = trees.plan(&Asked { drop: "size:>0", rules, ..Asked::default() });
    assert_eq!(one_stays.with(Decision::Keep), ["one/a/newer"]);
    let planned = trees.plan(&Asked { keep: "old", ..Asked::default() });
    assert_eq!(planned.with(Decision::Keep), ["two/old"]);
    assert_eq!(planned.names["two/old"].1, "fits-keep");
}

#[test]
fn a_copy_with_several_names_goes_whole_or_not_at_all() {
    let trees = Trees::new(&[("one/kept", "same"), ("two/a/copy", "same")]);
    fs::create_dir(trees.at("two/b")).unwrap();
    trees.link("two/a/copy", "two/b/linked");
    let rules = Rules { prefer: vec![Preference::Oldest], ..Rules::default() };
    let whole = trees.plan(&Asked { rules: rules.clone(), ..Asked::default() });
    assert_eq!(whole.dropped(), ["two/a/copy", "two/b/linked"]);
    let first = trees.plan(&Asked { drop: "under:BASE/two/a", ..Asked::default() });
    assert_eq!(first.dropped(), [""; 0], "one of its names may not go");
    let kept = trees.plan(&Asked { keep: "linked", rules, ..Asked::default() });
    assert_eq!(kept.dropped(), ["one/kept"], "it stays for the sake of one name");

    trees.write("two/a/another", "same", 9);
    trees.scan();
    let scoped = trees.plan(&Asked { under: "two/a", ..Asked::default() });
    assert_eq!(scoped.dropped(), ["two/a/another"]);
    assert_eq!(scoped.names["two/a/copy"].1, "names-elsewhere");
}

#[test]
fn of_two_folders_one_gives_way_only_where_the_other_has_the_content_and_never_the_last_copy() {
    let trees = Trees::new(&[
        ("one/copy", "same"),
        ("one/inner/copy", "same"),
        ("one/inner/twice", "same"),
        ("one/inner/elsewhere", "other"),
        ("two/elsewhere", "other"),
        ("one/inner/here", "here only"),
        ("one/inner/here too", "here only"),
        ("one/inner/below/copy", "same"),
        ("one/.hidden/kept", "here only"),
    ]);
    let inner = trees.plan(&Asked { keep_in: "one", drop_in: "one/inner", ..Asked::default() });
    assert_eq!(inner.dropped(), ["one/inner/copy", "one/inner/twice"]);
    assert_eq!(
        (inner.names.len(), inner.plan.undecided),
        (3, 0),
        "no other group takes part, and nothing below either"
    );
    let outer = trees.plan(&Asked { keep_in: "one/inner", drop_in: "one", ..Asked::default() });
    assert_eq!(outer.dropped(), ["one/copy"]);
    let below = trees.plan(&Asked { keep_in: "one", drop_in: "one/inner", under: "two", ..Asked::default() });
    assert!(below.names.is_empty(), "neither is below it");
    let hidden = trees.plan(&Asked { keep_in: "one/.hidden", drop_in: "one/inner", ..Asked::default() });
    assert_eq!(hidden.dropped(), [""; 0], "what takes no part is not what stays for another");
    trees.link("one/inner/copy", "one/linked");
    let linked = trees.plan(&Asked { keep_in: "one", drop_in: "one/inner", ..Asked::default() });
    assert_eq!(linked.dropped(), ["one/inner/twice"], "a copy with a name in the other folder stays");
}

#[test]
fn what_programs_keep_takes_no_part_unless_everywhere_and_a_trash_never() {
    let trees = Trees::new(&[
        ("one/.cache/copy", "same"),
        ("one/w/node_modules/p/copy", "same"),
        ("one/Tool.app/copy", "same"),
        ("one/.Trash-0/files/copy", "same"),
        ("one/seen", "same"),
    ]);
    let usual = trees.plan(&Asked::default());
    assert_eq!((usual.plan.groups, usual.names.len()), (0, 0), "the one that is seen goes for none of them");
    let left_out: Vec<(&str, i64)> = usual.left_out.iter().map(|(reason, files)| (reason.as_str(), *files)).collect();
    assert_eq!(
        left_out,
        [("application", 1), ("hidden-folder", 1), ("package", 1)],
        "no one hashed what is in the trash"
    );

    let everywhere = trees.plan(&Asked { everywhere: true, ..Asked::default() });
    assert_eq!(everywhere.with(Decision::Keep), ["one/.cache/copy"]);
    assert_eq!(everywhere.dropped(), ["one/Tool.app/copy", "one/seen", "one/w/node_modules/p/copy"]);
    assert_eq!(everywhere.left_out, []);

    trees.link("one/seen", "one/.cache/linked");
    trees.write("one/later", "same", 9);
    trees.scan();
    let linked = trees.plan(&Asked { drop: "seen", ..Asked::default() });
    assert_eq!(linked.dropped(), [""; 0], "one of its names takes no part, so it stays");
}

#[test]
fn a_picture_goes_only_where_its_companions_have_equals_beside_the_one_that_stays() {
    let goes = |companions: &[(&str, &str)]| {
        let pictures = [("one/a.jpg", "photo"), ("two/b.JPG", "photo")];
        let planned = Trees::new(&[&pictures[..], companions].concat()).plan(&Asked::default());
        let goes = planned.dropped().contains(&"two/b.JPG");
        assert_eq!(planned.left_out.contains(&("companions-differ".to_owned(), 1)), !goes, "the reason is told");
        goes
    };
    let equal = |of_kept: &str, of_dropped: &str| goes(&[(of_kept, "beside"), (of_dropped, "beside")]);
    for extension in ["xmp", "AAE", "cr2", "Mov", "jpg.xmp"] {
        let (of_kept, of_dropped) = (format!("one/a.{}", extension.to_lowercase()), format!("two/b.{extension}"));
        assert!(equal(&of_kept, &of_dropped), "{extension} is equal");
        assert!(!goes(&[(&of_kept, "beside"), (&of_dropped, "others")]), "{extension} differs");
        assert!(!goes(&[(&of_dropped, "beside")]), "{extension} is missing");
        assert!(goes(&[(&of_kept, "beside")]), "the one that goes has no {extension}");
    }
    assert!(!equal("one/a.jpg.xmp", "two/b.xmp"), "it is named otherwise");
    assert!(!equal("one/c.xmp", "two/b.xmp"), "it belongs to another picture");
    assert!(!equal("one/sub/a.xmp", "two/b.xmp"), "it lies elsewhere");
    assert!(!goes(&[("one/a.xmp", "beside"), ("two/b.xmp", "beside"), ("two/b.mov", "live")]));
    assert!(goes(&[("two/c.xmp", "beside"), ("two/b.txt", "text"), ("two/sub/b.xmp", "beside")]));

    let document = Trees::new(&[("one/a.txt", "same"), ("two/a.txt", "same"), ("two/a.xmp", "beside")]);
    assert_eq!(document.plan(&Asked::default()).dropped(), ["two/a.txt"], "only pictures have companions");
    let raw = [("one/a.dng", "same"), ("two/a.dng", "same"), ("two/a.jpg", "its JPEG")];
    assert_eq!(Trees::new(&raw[..2]).plan(&Asked::default()).dropped(), ["two/a.dng"], "it is not its own companion");
    let beside = Trees::new(&raw).plan(&Asked::default());
    assert_eq!((beside.plan.files, beside.left_out), (0, vec![("with-picture".to_owned(), 1)]), "its JPEG stays");
}

#[test]
fn what_belongs_to_a_picture_goes_only_with_it() {
    let trees = Trees::new(&[
        ("one/a.jpg", "photo"),
        ("two/b.xmp", "beside"),
        ("two/b.cr2", "the raw"),
        ("one/a.xmp", "beside"),
        ("one/a.cr2", "the raw"),
        ("two/b.jpg", "photo"),
        ("two/stray.xmp", "beside"),
    ]);
    let oldest = trees.prefer(vec![Preference::Oldest]);
    assert_eq!(
        oldest.with(Decision::Keep),
        ["one/a.cr2", "one/a.jpg", "one/a.xmp"],
        "as the pictures are, so are the rest"
    );
    let rules = || Rules { prefer: vec![Preference::Oldest], ..Rules::default() };
    let sidecars = trees.plan(&Asked { drop: "xmp", rules: rules(), ..Asked::default() });
    assert_eq!(sidecars.dropped(), ["two/stray.xmp"]);
    assert_eq!(sidecars.left_out, [("with-picture".to_owned(), 1)]);
    let linked = trees.plan(&Asked { drop: "xmp", rules: rules(), action: Action::Symlink, ..Asked::default() });
    assert_eq!(linked.plan.files, 2, "what becomes a link is still beside its picture");
}

#[test]
fn wanted_copies_are_left_out_until_one_appears_elsewhere() {
    let trees = Trees::new(&TRIPLE);
    let plan = trees.make(&Asked::default(), &|| true).unwrap();
    let first = trees.journal.copies_after(plan.id, None, 1).unwrap().remove(0);
    let (size_bytes, algorithm, hash) = (first.size_bytes, first.algorithm, first.hash);
    let paths = TRIPLE.iter().map(|(name, _)| bytes_of(&trees.at(name)).to_vec()).collect();
    trees.journal.ignore(&IgnoredGroup { size_bytes, algorithm, hash, since_ns: 1, paths }).unwrap();
    let planned = trees.plan(&Asked::default());
    assert_eq!((planned.plan.groups, planned.left_out), (0, vec![("wanted".to_owned(), 3)]));
    trees.write("two/elsewhere", "same", 9);
    trees.scan();
    assert_eq!(trees.plan(&Asked::default()).dropped().len(), 3);
}

#[test]
fn replicas_names_and_numbers_of_copies_are_heeded() {
    let trees = Trees::new(&TRIPLE);
    let isolated = trees.plan(&Asked { isolate: &["one"], ..Asked::default() });
    assert_eq!(isolated.dropped(), ["two/old"], "the two below it do not go for one another");
    let rules = |min_copies, one_of_each_name| Rules { min_copies, one_of_each_name, ..Rules::default() };
    assert_eq!(trees.plan(&Asked { rules: rules(2, false), ..Asked::default() }).dropped(), ["two/old"]);
    assert_eq!(trees.plan(&Asked { rules: rules(1, true), ..Asked::default() }).plan.files, 0);
    let devices = Rules { min_devices: 2, ..Rules::default() };
    let on_one = trees.plan(&Asked { rules: devices.clone(), ..Asked::default() });
    assert_eq!((on_one.plan.files, on_one.left_out), (0, vec![("too-few-devices".to_owned(), 3)]));
    let linked = trees.plan(&Asked { rules: devices, action: Action::Hardlink, ..Asked::default() });
    assert_eq!(linked.plan.files, 2, "links leave each volume what it has");
}

#[test]
fn what_cannot_be_done_where_a_copy_lies_is_not_promised() {
    let trees = Trees::new(&TRIPLE);
    let site = |file: &[u8]| Site { cannot: is_two(file).then_some("no-trash"), ..SITE };
    let planned = trees.plan(&Asked { site: Some(site), ..Asked::default() });
    assert_eq!(planned.dropped(), ["one/a/newer"]);
    assert_eq!(planned.names["two/old"], (Decision::Keep, "no-trash".to_owned()));
    assert_eq!(planned.left_out, [("no-trash".to_owned(), 1)]);
    assert!(planned.plan.freed_bytes < trees.plan(&Asked::default()).plan.freed_bytes);
    let everywhere = |_: &[u8]| Site { cannot: Some("read-only"), ..SITE };
    let planned = trees.plan(&Asked { site: Some(everywhere), ..Asked::default() });
    assert_eq!((planned.plan.groups, planned.left_out), (0, vec![("read-only".to_owned(), 2)]));
}

#[test]
fn links_stay_within_a_mount_and_shared_blocks_within_a_volume() {
    let trees = Trees::new(&TRIPLE);
    let site = |file: &[u8]| Site { mount: 1 + u64::from(is_two(file)), ..SITE };
    let plan = |action| trees.plan(&Asked { site: Some(site), action, ..Asked::default() });
    let linked = plan(Action::Hardlink);
    assert_eq!(
        (linked.dropped(), linked.left_out.clone()),
        (vec!["one/a/newer"], vec![("other-volume".to_owned(), 1)])
    );
    assert_eq!(linked.names["two/old"].1, "other-volume");
    for action in [Action::Reflink, Action::Symlink, Action::Trash] {
        assert_eq!((plan(action).plan.files, plan(action).left_out), (2, vec![]), "{action:?}");
    }
}

#[test]
fn each_group_of_the_scope_is_met_once_over_many_pages() {
    let contents: Vec<String> = (0..9).map(|number| "x".repeat(10 + number / 3) + &number.to_string()).collect();
    let names: Vec<String> = (0..18).map(|number| format!("{}/f{number}", ["one", "two"][number % 2])).collect();
    let files: Vec<(&str, &str)> =
        names.iter().enumerate().map(|(at, name)| (name.as_str(), contents[at / 2].as_str())).collect();
    let trees = Trees::new(&files);
    let planned = trees.plan(&Asked::default());
    assert_eq!((planned.plan.groups, planned.names.len(), planned.plan.files), (9, 18, 9));
    assert!(planned.dropped().iter().all(|name| name.starts_with("two/")));
    let large = trees.plan(&Asked { min_size_bytes: 12, ..Asked::default() });
    assert_eq!(large.plan.groups, 6);
    let below = trees.plan(&Asked { under: "two", ..Asked::default() });
    assert_eq!(below.plan.groups, 0, "copies outside do not count");
}

#[test]
fn a_plan_that_is_given_up_is_forgotten_and_copies_that_are_offline_take_no_part() {
    let trees = Trees::new(&TRIPLE);
    let error = trees.make(&Asked::default(), &|| false).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Cancelled);
    assert_eq!(trees.journal.plans().unwrap(), []);
    assert_eq!(trees.journal.forget_unfinished_plans().unwrap(), 0);

    fs::rename(trees.at("one"), trees.at("away")).unwrap();
    let _ = trees.engine.scan(1, false, "").unwrap().wait(None).unwrap();
    let planned = trees.plan(&Asked::default());
    assert_eq!((planned.plan.groups, planned.left_out), (0, vec![("offline".to_owned(), 2)]));
}

#[test]
fn a_group_longer_than_a_page_is_planned_whole_and_one_beyond_all_bounds_is_counted() {
    let many =
        |folder: &str, count: usize| (0..count).map(|number| format!("{folder}/{number:03}")).collect::<Vec<_>>();
    let (long, endless) = (many("one/long", 40), many("two/endless", 600));
    let copies = long.iter().map(|name| (name.as_str(), "long")).chain(TRIPLE);
    let files: Vec<_> = copies.chain(endless.iter().map(|name| (name.as_str(), "endless"))).collect();
    let planned = Trees::new(&files).plan(&Asked::default());
    assert_eq!((planned.plan.groups, planned.plan.files), (2, 39 + 2));
    assert_eq!(planned.names.len(), 40 + 3, "each name once");
    assert_eq!(planned.left_out, [("too-many-names".to_owned(), 600)]);
}

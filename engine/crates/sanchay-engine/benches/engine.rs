//! Criterion benches of the engine's four kinds of work on a tree that they make: walk, hash, write, query.
//! `cargo bench -p sanchay-engine` in `engine/`. Comparisons with other programs are `make bench`.

use std::path::{Path, PathBuf};

use criterion::{criterion_group, criterion_main, BatchSize, Criterion, Throughput};
use sanchay_engine::catalog::expression::{parse, SystemOwners, UtcTime};
use sanchay_engine::catalog::queries::{DuplicateRequest, FindRequest, Sort};
use sanchay_engine::{Engine, EngineOptions, HashScope, RootSettings};
use tempfile::TempDir;

const FOLDERS: usize = 100;
const FILES_IN_FOLDER: usize = 50;

/// A tree of small files, every fourth with the content of another.
fn tree() -> TempDir {
    let top = tempfile::tempdir().expect("a temporary folder");
    for folder in 0..FOLDERS {
        let path = top.path().join(format!("folder-{folder:03}"));
        std::fs::create_dir(&path).expect("a folder");
        for file in 0..FILES_IN_FOLDER {
            let number = folder * FILES_IN_FOLDER + file;
            let content = if number.is_multiple_of(4) { number / 40 } else { number };
            let bytes = format!("{content:08}").repeat(500);
            std::fs::write(path.join(format!("report-{number:05}.txt")), bytes).expect("a file");
        }
    }
    top
}

fn open(catalog: &Path, top: &Path, hash: HashScope) -> Engine {
    let engine = Engine::open(catalog, EngineOptions::default()).expect("a catalog");
    let settings = RootSettings { hash, ..RootSettings::default() };
    engine.put_root(1, sanchay_core::path::bytes_of(top), &settings).expect("a root");
    engine
}

fn scan(engine: &Engine) {
    let outcome = engine.scan(1, false, "").expect("a scan").wait(None).expect("an end");
    assert_eq!(outcome.expect("a result").files as usize, FOLDERS * FILES_IN_FOLDER);
}

fn fresh(top: &Path, hash: HashScope) -> (TempDir, Engine) {
    let home = tempfile::tempdir().expect("a temporary folder");
    let engine = open(&home.path().join("catalog.db"), top, hash);
    (home, engine)
}

fn work(criterion: &mut Criterion) {
    let top = tree();
    let paths: Vec<PathBuf> = std::fs::read_dir(top.path())
        .expect("a listing")
        .flat_map(|folder| std::fs::read_dir(folder.expect("an entry").path()).expect("a listing"))
        .map(|file| file.expect("an entry").path())
        .collect();
    let mut group = criterion.benchmark_group("engine");
    group.sample_size(20).throughput(Throughput::Elements((FOLDERS * FILES_IN_FOLDER) as u64));

    let (_home, kept) = fresh(top.path(), HashScope::All);
    scan(&kept);
    group.bench_function("walk: nothing changed", |bencher| bencher.iter(|| scan(&kept)));
    group.bench_function("write: first scan, no hashes", |bencher| {
        bencher.iter_batched(
            || fresh(top.path(), HashScope::None),
            |(home, engine)| {
                scan(&engine);
                (home, engine)
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("hash: every file", |bencher| {
        bencher.iter(|| {
            for path in &paths {
                std::hint::black_box(blake3::hash(&std::fs::read(path).expect("a file")));
            }
        });
    });
    group.bench_function("hash and write: first scan", |bencher| {
        bencher.iter_batched(
            || fresh(top.path(), HashScope::All),
            |(home, engine)| {
                scan(&engine);
                (home, engine)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();

    assert!(kept.wait_name_index(None));
    let roots = kept.root_names().expect("roots");
    let mut group = criterion.benchmark_group("query");
    for text in ["report-000", "size:>1K ext:txt", "dup:yes"] {
        let expression = parse(text, 0, &UtcTime, &SystemOwners).expect("an expression");
        group.bench_function(text, |bencher| {
            bencher.iter(|| {
                let sort = Sort::default();
                let request = FindRequest {
                    expression: &expression,
                    sort,
                    limit: 100,
                    max_bytes: None,
                    token: "",
                    patience: None,
                    roots: &roots,
                };
                kept.catalog().find(&request).expect("a page")
            });
        });
    }
    let request = DuplicateRequest { min_size_bytes: 1, limit: 20, paths_limit: 100, ..DuplicateRequest::default() };
    group.bench_function("first page of duplicates", |bencher| {
        bencher.iter(|| kept.catalog().duplicates(&request).expect("a page"));
    });
    group.finish();
}

criterion_group!(benches, work);
criterion_main!(benches);

//! Scans a folder into a catalog and prints what it took: `measure_scan CATALOG FOLDER [SCANS]`.

use std::path::Path;
use std::time::Instant;

use sanchay_engine::{Engine, EngineOptions, RootSettings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, catalog, folder, ..] = arguments.as_slice() else {
        return Err("usage: measure_scan CATALOG FOLDER [SCANS]".into());
    };
    let scans = arguments.get(3).map_or(Ok(1), |text| text.parse::<u32>())?;
    let mut settings = RootSettings::default();
    if std::env::var("HASH").as_deref() == Ok("none") {
        settings.hash = sanchay_engine::HashScope::None;
    }
    let engine = Engine::open(Path::new(catalog), EngineOptions::default())?;
    engine.put_root(1, folder.as_bytes(), &settings)?;
    for _ in 0..scans {
        let started = Instant::now();
        let result = engine.scan(1, false, "")?.wait(None).ok_or("the scan did not end")??;
        println!("{:.3} s {result:?}", started.elapsed().as_secs_f64());
    }
    let started = Instant::now();
    engine.wait_name_index(None);
    println!("{:.3} s for the name index", started.elapsed().as_secs_f64());
    println!("{:?}", engine.catalog().status()?);
    Ok(())
}

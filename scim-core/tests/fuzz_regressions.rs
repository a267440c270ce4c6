//! The inputs that fuzzing begins with, and those that it once failed on, through the very same checks
//! (`fuzz/README.md` tells how they are found).

use std::fs;
use std::path::{Path, PathBuf};

#[path = "../../fuzz/src/lib.rs"]
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::panic,
    clippy::pedantic,
    reason = "shared with the fuzz targets, which are a crate of their own with a panic as their only answer"
)]
mod targets;

/// Every file of a folder; none if there is no folder.
fn inputs(folder: &str, target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(folder).join(target);
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|entry| entry.path()).filter(|path| path.extension().is_none_or(|end| end != "md")).collect()
}

#[test]
fn seeds_hold() {
    for (name, target) in targets::TARGETS {
        let seeds = inputs("seeds", name);
        assert!(seeds.len() >= 10, "{name} has {} seeds", seeds.len());
        for path in seeds {
            println!("{}", path.display());
            target(&fs::read(path).unwrap());
        }
    }
}

#[test]
fn regressions_hold() {
    for (name, target) in targets::TARGETS {
        for path in inputs("regressions", name) {
            println!("{}", path.display());
            target(&fs::read(path).unwrap());
        }
    }
}

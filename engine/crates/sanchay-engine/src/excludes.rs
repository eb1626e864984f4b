//! What a person writes to leave out a part of a root, as the root's filter takes it: below the root.

use sanchay_core::path::{bytes_of, display, is_within, path_from_bytes};

use crate::error::{EngineError, ErrorKind};
use crate::in_time::in_time;

/// The patterns for a root at `root`: a path in it is made relative to it, dots and doubled separators go. Fails with
/// `InvalidArgument` for one that could never match, and says how to write it.
pub fn exclude_patterns(root: &[u8], patterns: &[String]) -> Result<Vec<String>, EngineError> {
    patterns.iter().map(|pattern| exclude_pattern(root, pattern)).collect()
}

fn exclude_pattern(root: &[u8], pattern: &str) -> Result<String, EngineError> {
    let refuse = |why: &str| {
        let message = format!("{pattern:?} would leave out nothing of {}: {why}", display(root));
        Err(EngineError { path: Some(root.to_vec()), ..EngineError::new(ErrorKind::InvalidArgument, message) })
    };
    if !pattern.contains('/') {
        return if pattern == "~" || pattern == ".." {
            refuse("it names no file below it")
        } else {
            Ok(pattern.to_owned())
        };
    }
    if pattern.starts_with('~') {
        return refuse("`~` is the client's to expand; write the whole path");
    }
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return refuse("`..` goes out of it");
    }
    if parts.is_empty() {
        return if pattern.contains('.') { refuse("it is the folder itself") } else { Ok(pattern.to_owned()) };
    }
    let closing = if pattern.ends_with('/') { "/" } else { "" };
    let joined = parts.join("/");
    if !pattern.starts_with('/') {
        let anchor = if pattern.starts_with("./") { "/" } else { "" };
        return Ok(format!("{anchor}{joined}{closing}"));
    }
    let is_pattern = |part: &&str| part.contains(['*', '?', '[', '{', '\\']);
    let plain = parts.iter().take_while(|part| !is_pattern(part)).count();
    let (path, rest) = (format!("/{}", parts[..plain].join("/")), &parts[plain..]);
    match whereabouts(root, &path) {
        Whereabouts::Below(names) => {
            let names = names.split('/').filter(|name| !name.is_empty()).map(escape);
            let names: Vec<String> = names.chain(rest.iter().map(|part| (*part).to_owned())).collect();
            if names.is_empty() {
                return refuse("it is the folder itself");
            }
            Ok(format!("/{}{closing}", names.join("/")))
        }
        Whereabouts::Outside => {
            refuse(&format!("it lies outside; .{path} is what is meant where a folder of this name is in it"))
        }
        Whereabouts::Unknown => Ok(format!("/{joined}{closing}")),
    }
}

/// Where a path lies that may be meant from the system's root, or from the cataloged root's.
enum Whereabouts {
    /// This far below the root.
    Below(String),
    Outside,
    /// It is not there, and so it is below the root for whenever it comes.
    Unknown,
}

fn whereabouts(root: &[u8], path: &str) -> Whereabouts {
    if path == "/" || root == b"/" {
        return Whereabouts::Unknown;
    }
    let (whole, inside) = (path_from_bytes(path.as_bytes()), path_from_bytes(&[root, path.as_bytes()].concat()));
    let looked = in_time(move || {
        let there = |path: &std::path::Path| path.symlink_metadata().is_ok();
        (there(&whole), there(&inside), bytes_of(&sanchay_core::real_path(&whole)).to_vec())
    });
    let (is_whole, is_inside, real) = looked.unwrap_or_else(|| (false, false, path.as_bytes().to_vec()));
    for spelled in [path.as_bytes(), &real] {
        if is_within(spelled, root) && (is_whole || !is_inside) {
            if let Ok(below) = std::str::from_utf8(&spelled[root.len()..]) {
                return Whereabouts::Below(below.to_owned());
            }
        }
    }
    let first = |path: &[u8]| path.split(|byte| *byte == b'/').nth(1).map(<[u8]>::to_vec);
    let is_near = path.matches('/').count() > 1 && first(path.as_bytes()) == first(root);
    if !is_inside && (is_whole || is_near) {
        return Whereabouts::Outside;
    }
    Whereabouts::Unknown
}

/// The name as a pattern for itself.
fn escape(name: &str) -> String {
    name.chars().fold(String::new(), |mut escaped, letter| {
        if matches!(letter, '*' | '?' | '[' | ']' | '{' | '}' | '!' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
        escaped
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_lies_below_the_root_however_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let root = top.join("root");
        std::fs::create_dir_all(root.join("raw/[x]")).unwrap();
        std::fs::create_dir_all(root.join("bin")).unwrap();
        std::fs::create_dir_all(top.join("other")).unwrap();
        std::os::unix::fs::symlink(&root, top.join("link")).unwrap();
        let at = |name: &str| top.join(name).display().to_string();
        let settle = |pattern: &str| {
            exclude_patterns(root.as_os_str().as_encoded_bytes(), &[pattern.to_owned()]).map(|mut all| all.remove(0))
        };
        for (written, expected) in [
            ("*.tmp", "*.tmp"),
            ("logs/", "logs/"),
            ("/cache", "/cache"),
            ("/bin", "/bin"),
            ("./raw", "/raw"),
            ("build//./*.o", "build/*.o"),
            ("**/target/debug/", "**/target/debug/"),
            (&at("root/raw"), "/raw"),
            (&at("root/raw/"), "/raw/"),
            (&at("link/raw/[x]"), "/raw/[x]"),
            (&at("root/raw/**/*.o"), "/raw/**/*.o"),
            (&at("root/not there yet"), "/not there yet"),
            ("/*/x", "/*/x"),
        ] {
            assert_eq!(settle(written).expect(written), expected, "{written}");
        }
        for (written, reason) in [
            (at("other"), "lies outside"),
            (at("nowhere/x"), "lies outside"),
            (at("root"), "the folder itself"),
            ("./".to_owned(), "the folder itself"),
            ("/tmp".to_owned(), "./tmp is what is meant"),
            ("../other".to_owned(), "goes out of it"),
            ("~/x".to_owned(), "client's to expand"),
        ] {
            let error = settle(&written).expect_err(&written);
            assert!(error.kind == ErrorKind::InvalidArgument && error.message.contains(reason), "{written}: {error}");
        }
    }
}

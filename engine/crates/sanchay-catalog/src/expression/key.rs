//! The keys of terms, and the nearest one to a word that is none.

/// Every key, in the order in which the manual names them.
pub(super) const KEYS: [&str; 14] = [
    "name", "path", "under", "ext", "type", "size", "modified", "created", "root", "hash", "dup", "empty", "owner",
    "links",
];

/// Words that other programs use for the same.
const OTHER_WORDS: [(&str, &str); 22] = [
    ("file", "name"),
    ("iname", "name"),
    ("filename", "name"),
    ("in", "under"),
    ("dir", "under"),
    ("folder", "under"),
    ("parent", "under"),
    ("kind", "type"),
    ("bytes", "size"),
    ("length", "size"),
    ("mtime", "modified"),
    ("newer", "modified"),
    ("age", "modified"),
    ("date", "modified"),
    ("dm", "modified"),
    ("btime", "created"),
    ("birth", "created"),
    ("dc", "created"),
    ("blake3", "hash"),
    ("sha256", "hash"),
    ("user", "owner"),
    ("uid", "owner"),
];

/// The key that was meant, perhaps.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    if let Some((_, meant)) = OTHER_WORDS.iter().find(|(other, _)| *other == word) {
        return known.iter().find(|key| *key == meant).copied();
    }
    let longer = |key: &&&str| word.len() > 1 && (word.starts_with(**key) || key.starts_with(word));
    if let Some(key) = known.iter().find(longer) {
        return Some(key);
    }
    let (distance, key) = known.iter().map(|key| (distance(word, key), *key)).min()?;
    let allowed = if key.len().min(word.chars().count()) < 4 { 1 } else { 2 };
    (word.len() > 1 && distance <= allowed).then_some(key)
}

/// How many letters must be put in, taken out or changed.
fn distance(left: &str, right: &str) -> usize {
    // A word that is longer than any key by this much is near none.
    if left.len() > right.len() + 4 {
        return usize::MAX;
    }
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (column, other) in right.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_the_one_that_was_meant() {
        for (word, expected) in [
            ("szie", Some("size")),
            ("extension", Some("ext")),
            ("mod", Some("modified")),
            ("modifed", Some("modified")),
            ("mtime", Some("modified")),
            ("user", Some("owner")),
            ("duplicate", Some("dup")),
            ("roots", Some("root")),
            ("http", None),
            ("foo", None),
            ("12", None),
            ("c", None),
            ("", None),
            ("éé", None),
        ] {
            assert_eq!(nearest(word, &KEYS), expected, "{word}");
        }
    }
}

//! The text of an info file: where the file was, and when it went.

use std::fmt::Write as _;

/// Bytes of a path that stand for themselves, as in an address (RFC 3986: unreserved), and the slash.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte)
}

/// The text for a file that was at `path` (relative to the trash's mount, or absolute in the home trash). `local_time`
/// is `YYYY-MM-DDThh:mm:ss` in the person's time zone.
pub fn info_text(path: &[u8], local_time: &str) -> Vec<u8> {
    let mut text = String::from("[Trash Info]\nPath=");
    for byte in path {
        if is_plain(*byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}"); // into a string: it cannot fail
        }
    }
    let _ = writeln!(text, "\nDeletionDate={local_time}");
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::info_text;

    #[test]
    fn a_path_of_any_bytes_is_written_in_plain_letters() {
        let text = info_text(b"a b/\xff\n%=.jpg", "2026-11-26T21:00:00");
        assert_eq!(text, b"[Trash Info]\nPath=a%20b/%FF%0A%25%3D.jpg\nDeletionDate=2026-11-26T21:00:00\n");
    }
}

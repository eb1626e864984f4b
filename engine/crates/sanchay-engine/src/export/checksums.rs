//! What `b3sum --check` and `sha256sum --check` read: a hash, two blanks, a path.
//!
//! A path with a character that would break the line has it escaped by a backslash, and the line begins with one. The
//! two programs agree on which these are. b3sum gives up on a file with bytes that are not UTF-8, and takes the
//! replacement character for a fault: such paths are left out.

use super::text::push_hex;
use super::{Counts, ExportError, ExportRow, Renderer};

pub(super) struct Checksums {
    algorithm: &'static str,
    utf8_only: bool,
    counts: Counts,
}

impl Checksums {
    pub(super) fn b3sum() -> Self {
        Self { algorithm: "blake3", utf8_only: true, counts: Counts::default() }
    }

    pub(super) fn sha256sum() -> Self {
        Self { algorithm: "sha256", utf8_only: false, counts: Counts::default() }
    }

    fn can_carry(&self, path: &[u8]) -> bool {
        !self.utf8_only || std::str::from_utf8(path).is_ok_and(|path| !path.contains(char::REPLACEMENT_CHARACTER))
    }
}

impl Renderer for Checksums {
    fn header(&mut self, _out: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(())
    }

    fn row(&mut self, row: &ExportRow<'_>, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let hash = row.hash.filter(|_| row.algorithm == Some(self.algorithm) && self.can_carry(row.path));
        let Some(hash) = hash else {
            self.counts.left_out += 1;
            return Ok(());
        };
        // Both programs take a `/` on Windows too, where it spares every path its escapes.
        let slashes: Vec<u8>;
        let path = if cfg!(windows) {
            slashes = row.path.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect();
            slashes.as_slice()
        } else {
            row.path
        };
        let is_escaped = path.iter().any(|byte| matches!(byte, b'\\' | b'\n' | b'\r'));
        if is_escaped {
            out.push(b'\\');
        }
        push_hex(out, hash);
        out.extend_from_slice(b"  ");
        if is_escaped {
            for byte in path {
                match byte {
                    b'\\' => out.extend_from_slice(b"\\\\"),
                    b'\n' => out.extend_from_slice(b"\\n"),
                    b'\r' => out.extend_from_slice(b"\\r"),
                    other => out.push(*other),
                }
            }
        } else {
            out.extend_from_slice(path);
        }
        out.push(b'\n');
        self.counts.rows += 1;
        Ok(())
    }

    fn finish(&mut self, _out: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(())
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{render, OwnedRow};
    use super::super::{Counts, Format};

    #[cfg(unix)]
    #[test]
    fn lines_are_escaped_as_the_programs_do_it() {
        let hash = format!("01{}", "ab".repeat(31));
        let cases: &[(Format, &'static str, &[u8], &[u8])] = &[
            (Format::B3sum, "blake3", b"/a b", b"H  /a b\n"),
            (Format::B3sum, "blake3", b"/a\nb\\", b"\\H  /a\\nb\\\\\n"),
            (Format::B3sum, "blake3", b"/a\rb", b"\\H  /a\\rb\n"),
            (Format::B3sum, "blake3", b"/\n\r", b"\\H  /\\n\\r\n"),
            (Format::Sha256sum, "sha256", b"/a b", b"H  /a b\n"),
            (Format::Sha256sum, "sha256", b"/a\nb\\", b"\\H  /a\\nb\\\\\n"),
            (Format::Sha256sum, "sha256", b"/a\r", b"\\H  /a\\r\n"),
            (Format::Sha256sum, "sha256", b"/\xff", b"H  /\xff\n"),
        ];
        for (format, algorithm, path, expected) in cases {
            let (out, counts) = render(*format, &[&[OwnedRow::hashed(path, algorithm)]]);
            let text = String::from_utf8_lossy(&out).replace(&hash, "H");
            assert_eq!(text, String::from_utf8_lossy(expected), "{path:?}");
            assert_eq!(counts, Counts { rows: 1, left_out: 0 });
        }
    }

    #[test]
    fn what_cannot_be_checked_is_left_out_and_counted() {
        let rows = [
            OwnedRow::new(b"/unhashed"),
            OwnedRow::hashed(b"/other", "sha256"),
            OwnedRow::hashed(b"/\xff", "blake3"),
            OwnedRow::hashed("/\u{fffd}".as_bytes(), "blake3"),
            OwnedRow::hashed(b"/fine", "blake3"),
        ];
        let (out, counts) = render(Format::B3sum, &[&rows]);
        assert!(out.ends_with(b"  /fine\n"));
        assert_eq!(counts, Counts { rows: 1, left_out: 4 });
        assert_eq!(render(Format::Sha256sum, &[&rows]).1, Counts { rows: 1, left_out: 4 });
    }
}

//! Groups of equal files: a path a line, an empty line between groups.
//!
//! The format has no escapes, and who reads it may well delete what it names: a path that holds a newline is left out,
//! and so is a path that would be left alone in its group.

use super::{Counts, ExportError, ExportRow, Renderer};

#[derive(Default)]
pub(super) struct Fdupes {
    counts: Counts,
    /// The paths of the group that is under way, a line each.
    group: Vec<u8>,
    group_rows: u64,
}

impl Renderer for Fdupes {
    fn header(&mut self, _out: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(())
    }

    fn row(&mut self, row: &ExportRow<'_>, _out: &mut Vec<u8>) -> Result<(), ExportError> {
        if row.path.contains(&b'\n') {
            self.counts.left_out += 1;
            return Ok(());
        }
        self.group.extend_from_slice(row.path);
        self.group.push(b'\n');
        self.group_rows += 1;
        Ok(())
    }

    fn group_end(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        if self.group_rows > 1 {
            if self.counts.rows > 0 {
                out.push(b'\n');
            }
            out.extend_from_slice(&self.group);
            self.counts.rows += self.group_rows;
        } else {
            self.counts.left_out += self.group_rows;
        }
        self.group.clear();
        self.group_rows = 0;
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        self.group_end(out)
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{render, OwnedRow};
    use super::super::{Counts, Format};

    fn group(paths: &[&[u8]]) -> Vec<OwnedRow> {
        paths.iter().map(|path| OwnedRow::hashed(path, "blake3")).collect()
    }

    #[test]
    fn groups_are_parted_by_an_empty_line() {
        let groups = [group(&[b"/a", b"/\xff"]), group(&[b"/c", b"/d", b"/e"])];
        let (out, counts) = render(Format::Fdupes, &[&groups[0], &groups[1]]);
        assert_eq!(out, b"/a\n/\xff\n\n/c\n/d\n/e\n");
        assert_eq!(counts, Counts { rows: 5, left_out: 0 });
    }

    #[test]
    fn a_path_that_would_read_as_two_is_left_out() {
        let groups = [group(&[b"/a\n/b", b"/c"]), group(&[]), group(&[b"/d", b"/e", b"/f\n"])];
        let (out, counts) = render(Format::Fdupes, &[&groups[0], &groups[1], &groups[2]]);
        assert_eq!(out, b"/d\n/e\n");
        assert_eq!(counts, Counts { rows: 2, left_out: 3 });
        assert_eq!(render(Format::Fdupes, &[]).0, b"");
    }
}

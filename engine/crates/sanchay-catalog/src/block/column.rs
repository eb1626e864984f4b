//! A column of integers: the smallest value once, then each difference in as few whole bytes as the largest needs.
//!
//! A column whose values are all the same takes no bytes for them, so what is usually uniform (owner, links) is free.

use crate::error::CatalogError;

/// Bytes that must follow the last column of a blob, so that an eight-byte load never runs past its end.
pub const TAIL_PADDING: usize = 8;

/// Appends `values` to `out`.
pub fn encode(out: &mut Vec<u8>, values: impl Iterator<Item = i64> + Clone) {
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    for value in values.clone() {
        low = low.min(value);
        high = high.max(value);
    }
    if low > high {
        low = 0;
        high = 0;
    }
    let span = high.wrapping_sub(low) as u64;
    let width = (64 - span.leading_zeros() as usize).div_ceil(8);
    out.push(width as u8);
    put_varint(out, zigzag(low));
    if width > 0 {
        for value in values {
            out.extend_from_slice(&(value.wrapping_sub(low) as u64).to_le_bytes()[..width]);
        }
    }
}

/// One column inside a blob.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    base: i64,
    width: usize,
    mask: u64,
    data: &'a [u8],
}

impl<'a> Column<'a> {
    /// Reads the column of `count` values that starts at `*at`, and moves `*at` behind it.
    pub fn parse(blob: &'a [u8], at: &mut usize, count: usize) -> Result<Self, CatalogError> {
        let width = usize::from(*blob.get(*at).ok_or_else(CatalogError::corrupt_block)?);
        *at += 1;
        let base = unzigzag(take_varint(blob, at)?);
        let length = width * count;
        if width > 8 || *at + length + TAIL_PADDING > blob.len() {
            return Err(CatalogError::corrupt_block());
        }
        let data = &blob[*at..*at + length + TAIL_PADDING];
        *at += length;
        let mask = if width == 8 { u64::MAX } else { (1u64 << (width * 8)) - 1 };
        Ok(Self { base, width, mask, data })
    }

    /// The value at `index`, which must be below the column's count.
    #[inline]
    pub fn get(&self, index: usize) -> i64 {
        if self.width == 0 {
            return self.base;
        }
        let at = index * self.width;
        // One load: a copy between slices becomes a call.
        let bytes = self.data[at..].first_chunk::<8>().expect("the padding follows the last value");
        self.base.wrapping_add((u64::from_le_bytes(*bytes) & self.mask) as i64)
    }

    /// The one value of all, where they are the same.
    #[inline]
    pub fn uniform(&self) -> Option<i64> {
        (self.width == 0).then_some(self.base)
    }
}

/// Appends an unsigned LEB128 integer.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads what [`put_varint`] wrote at `*at`, and moves `*at` behind it.
pub fn take_varint(blob: &[u8], at: &mut usize) -> Result<u64, CatalogError> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *blob.get(*at).ok_or_else(CatalogError::corrupt_block)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(CatalogError::corrupt_block())
}

/// A signed integer as an unsigned one, small where it is near zero.
pub fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Undoes [`zigzag`].
pub fn unzigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_column_gives_back_what_was_put_in(values in proptest::collection::vec(any::<i64>(), 0..300), small in any::<bool>()) {
            let values: Vec<i64> = if small { values.iter().map(|v| v % 1000).collect() } else { values };
            let mut blob = Vec::new();
            encode(&mut blob, values.iter().copied());
            blob.extend_from_slice(&[0; TAIL_PADDING]);
            let mut at = 0;
            let column = Column::parse(&blob, &mut at, values.len()).unwrap();
            prop_assert_eq!(at + TAIL_PADDING, blob.len());
            for (index, value) in values.iter().enumerate() {
                prop_assert_eq!(column.get(index), *value);
            }
        }

        #[test]
        fn a_torn_column_is_an_error_and_never_a_panic(blob in proptest::collection::vec(any::<u8>(), 0..64), count in 0usize..300) {
            let mut at = 0;
            if let Ok(column) = Column::parse(&blob, &mut at, count) {
                for index in 0..count {
                    column.get(index);
                }
            }
        }
    }
}

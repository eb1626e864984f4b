//! The beginning of a content's hash, as far as it was typed.

use std::fmt;

use sanchay_core::{Algorithm, ContentHash};

/// Digits in a whole hash.
const HASH_DIGITS: usize = 64;
/// Fewer digits would name too many contents by chance.
const SHORTEST_DIGITS: usize = 8;

/// 8 to 64 hexadecimal digits; the last byte may be known by half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashPrefix {
    low: [u8; 32],
    high: [u8; 32],
    digits: usize,
}

impl fmt::Display for HashPrefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for index in 0..self.digits {
            let byte = self.low[index / 2];
            write!(formatter, "{:x}", if index % 2 == 0 { byte >> 4 } else { byte & 0x0f })?;
        }
        Ok(())
    }
}

impl HashPrefix {
    /// Reads the digits; the error says what is wrong with them.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(other) = text.chars().find(|digit| !digit.is_ascii_hexdigit()) {
            return Err(format!("{other:?} is no hexadecimal digit; a hash is written with 0-9 and a-f"));
        }
        if !(SHORTEST_DIGITS..=HASH_DIGITS).contains(&text.len()) {
            let given = text.len();
            return Err(format!(
                "a hash, or its beginning, has {SHORTEST_DIGITS} to {HASH_DIGITS} digits, not {given}"
            ));
        }
        let mut prefix = Self { low: [0; 32], high: [0xff; 32], digits: text.len() };
        for (index, digit) in text.chars().enumerate() {
            let value = digit.to_digit(16).unwrap_or_default() as u8;
            let byte = index / 2;
            if index % 2 == 0 {
                prefix.low[byte] = value << 4;
                prefix.high[byte] = value << 4 | 0x0f;
            } else {
                prefix.low[byte] |= value;
                prefix.high[byte] = prefix.low[byte];
            }
        }
        Ok(prefix)
    }

    /// Whether the hash begins with the digits.
    pub fn matches(&self, hash: &[u8; 32]) -> bool {
        self.low <= *hash && *hash <= self.high
    }

    /// Whether the hash of no bytes at all begins so, by one of the algorithms.
    pub fn is_of_nothing(&self) -> bool {
        Algorithm::ALL.iter().any(|algorithm| self.matches(ContentHash::of_nothing(*algorithm).as_bytes()))
    }

    /// The first and the last hash that begin with the digits: none between them does not.
    pub fn bounds(&self) -> ([u8; 32], [u8; 32]) {
        (self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_matches_what_begins_with_it() {
        let mut hash = [0x5a; 32];
        hash[..4].copy_from_slice(&[0x01, 0x23, 0x45, 0x67]);
        for (text, expected) in [
            ("01234567", true),
            ("012345675", true),
            ("012345675A", true),
            ("012345676", false),
            ("01234566", false),
            ("012345675b", false),
        ] {
            assert_eq!(HashPrefix::parse(text).unwrap().matches(&hash), expected, "{text}");
        }
        let whole = HashPrefix::parse(&"5a".repeat(32)).unwrap();
        assert_eq!(whole.bounds(), ([0x5a; 32], [0x5a; 32]));
        assert!(whole.matches(&[0x5a; 32]) && !whole.matches(&hash));
    }

    #[test]
    fn what_is_no_hash_is_refused_with_the_reason() {
        assert!(HashPrefix::parse("0123456").unwrap_err().contains("8 to 64 digits, not 7"));
        assert!(HashPrefix::parse(&"a".repeat(65)).unwrap_err().contains("not 65"));
        assert!(HashPrefix::parse("0123456g").unwrap_err().contains("'g' is no hexadecimal digit"));
    }
}

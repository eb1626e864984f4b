//! WTF-8: UTF-8 that may also hold surrogates without a partner, as Windows allows them in names. Written out here
//! because the standard library takes such bytes back only through an unsafe call that trusts them. Free of the
//! system, so that every platform tests it.

/// Adds 16-bit units as WTF-8.
pub(super) fn encode(wide: &[u16], bytes: &mut Vec<u8>) {
    for unit in char::decode_utf16(wide.iter().copied()) {
        match unit {
            Ok(character) => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(lone) => {
                let code = lone.unpaired_surrogate();
                bytes.extend([0xe0 | (code >> 12) as u8, 0x80 | (code >> 6 & 0x3f) as u8, 0x80 | (code & 0x3f) as u8]);
            }
        }
    }
}

/// The 16-bit units of WTF-8; a byte that belongs to no character becomes U+FFFD.
pub(super) fn to_wide(bytes: &[u8]) -> Vec<u16> {
    let mut wide = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (valid, after) = match std::str::from_utf8(rest) {
            Ok(text) => (text, &rest[rest.len()..]),
            Err(error) => {
                let (valid, after) = rest.split_at(error.valid_up_to());
                (std::str::from_utf8(valid).unwrap_or_default(), after)
            }
        };
        wide.extend(valid.encode_utf16());
        rest = match after {
            [] => after,
            [0xed, b @ 0xa0..=0xbf, c @ 0x80..=0xbf, after @ ..] => {
                wide.push(0xd000 | u16::from(b & 0x3f) << 6 | u16::from(c & 0x3f));
                after
            }
            [_, after @ ..] => {
                wide.push(0xfffd);
                after
            }
        };
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_and_lone_surrogates_go_both_ways() {
        for wide in [&[0x61, 0xe9, 0x20ac, 0xd83d, 0xde00][..], &[0xd800], &[0x61, 0xdfff, 0x62], &[0xde00, 0xd83d]] {
            let mut bytes = Vec::new();
            encode(wide, &mut bytes);
            assert_eq!(to_wide(&bytes), wide);
        }
        assert_eq!(to_wide(b"a\xff\xed"), [0x61, 0xfffd, 0xfffd]);
    }

    proptest! {
        #[test]
        fn every_name_of_windows_goes_both_ways(wide in proptest::collection::vec(
            prop_oneof![any::<u16>(), 0xd7f0..0xe010_u16], 0..20)) {
            let mut bytes = Vec::new();
            encode(&wide, &mut bytes);
            prop_assert_eq!(to_wide(&bytes), wide);
        }

        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let wide = to_wide(&bytes);
            prop_assert!(wide.len() <= bytes.len());
        }
    }
}

//! Numbers, times and bytes as text, appended to a buffer without an allocation.

use data_encoding::{BASE64, HEXLOWER};
use jiff::tz::Offset;
use jiff::Timestamp;

/// A number in decimal digits.
#[inline]
pub(super) fn push_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Bytes in small hexadecimal digits.
#[inline]
pub(super) fn push_hex(out: &mut Vec<u8>, bytes: &[u8; 32]) {
    let mut digits = [0; 64];
    HEXLOWER.encode_mut(bytes, &mut digits);
    out.extend_from_slice(&digits);
}

/// Base64 with padding.
pub(super) fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start + BASE64.encode_len(bytes.len()), 0);
    BASE64.encode_mut(bytes, &mut out[start..]);
}

/// RFC 3339 in UTC: `2024-01-31T13:05:09.5Z`, with no more digits after the point than say something.
#[inline]
pub(super) fn push_time(out: &mut Vec<u8>, unix_ns: i64) {
    let time = Timestamp::from_nanosecond(unix_ns.into()).expect("64 bits of nanoseconds end in the year 2262");
    let time = Offset::UTC.to_datetime(time);
    let mut text = *b"0000-00-00T00:00:00.000000000Z";
    put(&mut text[0..4], time.year().into());
    put(&mut text[5..7], time.month().into());
    put(&mut text[8..10], time.day().into());
    put(&mut text[11..13], time.hour().into());
    put(&mut text[14..16], time.minute().into());
    put(&mut text[17..19], time.second().into());
    let fraction_ns = time.subsec_nanosecond();
    if fraction_ns == 0 {
        text[19] = b'Z';
        out.extend_from_slice(&text[..20]);
        return;
    }
    put(&mut text[20..29], fraction_ns.into());
    let zeros = text[20..29].iter().rev().take_while(|digit| **digit == b'0').count();
    text[29 - zeros] = b'Z';
    out.extend_from_slice(&text[..30 - zeros]);
}

/// The number right-aligned over the zeros of `text`.
#[inline]
fn put(text: &mut [u8], mut number: i64) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(unix_ns: i64) -> String {
        let mut out = Vec::new();
        push_time(&mut out, unix_ns);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_have_as_many_digits_as_they_need() {
        for (unix_ns, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (1_704_067_200_500_000_000, "2024-01-01T00:00:00.5Z"),
            (1_709_251_199_000_000_001, "2024-02-29T23:59:59.000000001Z"),
            (951_868_800_000_000_000, "2000-03-01T00:00:00Z"),
            (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
            (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
        ] {
            assert_eq!(time(unix_ns), expected);
        }
    }

    #[test]
    fn base64_is_padded() {
        for (bytes, expected) in
            [(&b""[..], ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"\xff\xfe\xfd\xfc", "//79/A==")]
        {
            let mut out = Vec::new();
            push_base64(&mut out, bytes);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn hexadecimal_digits_are_small() {
        let mut out = Vec::new();
        push_hex(&mut out, &std::array::from_fn(|index| 255 - index as u8));
        assert_eq!(out.len(), 64);
        assert!(out.starts_with(b"fffefdfc") && out.ends_with(b"e1e0"));
    }
}

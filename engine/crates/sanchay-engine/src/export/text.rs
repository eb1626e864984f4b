//! Numbers, times and bytes as text, appended to a buffer without an allocation.

const NS: i64 = 1_000_000_000;
const DAY_S: i64 = 86_400;
const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A number in decimal digits.
#[inline]
pub(super) fn push_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Bytes in small hexadecimal digits.
#[inline]
pub(super) fn push_hex(out: &mut Vec<u8>, bytes: &[u8; 32]) {
    let mut digits = [0; 64];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 0x0f)];
    }
    out.extend_from_slice(&digits);
}

/// Base64 with padding.
pub(super) fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digit = |shift: u32| BASE64[(word >> shift) as usize & 63];
        out.push(digit(18));
        out.push(digit(12));
        out.push(if chunk.len() > 1 { digit(6) } else { b'=' });
        out.push(if chunk.len() > 2 { digit(0) } else { b'=' });
    }
}

/// RFC 3339 in UTC: `2024-01-31T13:05:09.5Z`, with no more digits after the point than say something.
#[inline]
pub(super) fn push_time(out: &mut Vec<u8>, unix_ns: i64) {
    let (seconds, fraction_ns) = (unix_ns.div_euclid(NS), unix_ns.rem_euclid(NS));
    let (days, second) = (seconds.div_euclid(DAY_S), seconds.rem_euclid(DAY_S));
    let (year, month, day) = civil(days);
    let mut text = *b"0000-00-00T00:00:00.000000000Z";
    put(&mut text[0..4], year);
    put(&mut text[5..7], month);
    put(&mut text[8..10], day);
    put(&mut text[11..13], second / 3600);
    put(&mut text[14..16], second / 60 % 60);
    put(&mut text[17..19], second % 60);
    if fraction_ns == 0 {
        text[19] = b'Z';
        out.extend_from_slice(&text[..20]);
        return;
    }
    put(&mut text[20..29], fraction_ns);
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

/// Year, month and day of a day since 1970. Years are counted from March, so that the leap day comes last.
#[inline]
fn civil(days: i64) -> (i64, i64, i64) {
    let since_year_zero = days + 719_468;
    let era = since_year_zero.div_euclid(146_097);
    let day_of_era = since_year_zero.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
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
    fn days_follow_each_other() {
        let mut expected = (1600, 1, 1);
        for days in -135_140..150_000 {
            assert_eq!(civil(days), expected);
            let (year, month, day) = expected;
            let leap = i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
            let length = [31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month as usize - 1];
            expected = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (month, day) if day == length => (year, month + 1, 1),
                (month, day) => (year, month, day + 1),
            };
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

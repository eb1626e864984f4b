//! Numbers with comparisons, ranges and units: `size:` and `links:`.

use super::compare::Comparison;

/// Numbers from `low` to `high`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The least.
    pub low: u64,
    /// The greatest.
    pub high: u64,
}

impl Bounds {
    /// Whether the number lies inside.
    pub fn contains(&self, value: u64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// A decimal number times a unit, rounded down.
pub(super) struct Quantity {
    pub(super) floor: u128,
    /// Whether nothing was lost in rounding.
    pub(super) exact: bool,
}

/// Multiplies the digits `number` (with a point and a fraction, perhaps) by `unit`. None: they are no number, or it is
/// out of all proportion.
pub(super) fn quantity(number: &str, unit: u128) -> Option<Quantity> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || (number.contains('.') && !digits(fraction)) || fraction.len() > 15 || whole.len() > 20 {
        return None;
    }
    let whole = whole.parse::<u128>().ok()?.checked_mul(unit)?;
    if fraction.is_empty() {
        return Some(Quantity { floor: whole, exact: true });
    }
    let scale = 10_u128.pow(fraction.len() as u32);
    let scaled = fraction.parse::<u128>().ok()?.checked_mul(unit)?;
    Some(Quantity { floor: whole.checked_add(scaled / scale)?, exact: scaled % scale == 0 })
}

/// The bounds of `size:`.
pub(super) fn parse_size(text: &str) -> Result<Bounds, String> {
    parse_bounds(text, "size", &size)
}

/// The bounds of `links:`.
pub(super) fn parse_links(text: &str) -> Result<Bounds, String> {
    parse_bounds(text, "number of links", &|text| {
        let value = text.parse::<u64>().ok().filter(|_| !text.starts_with('+'));
        let floor = value.ok_or_else(|| format!("{text:?} is not a whole number: write one such as links:>1"))?;
        Ok(Quantity { floor: u128::from(floor), exact: true })
    })
}

fn parse_bounds(text: &str, noun: &str, read: &dyn Fn(&str) -> Result<Quantity, String>) -> Result<Bounds, String> {
    let whole =
        |quantity: &Quantity| u64::try_from(quantity.floor).map_err(|_| format!("no {noun} is as large as {text:?}"));
    let least = |text: &str| {
        let quantity = read(text)?;
        whole(&quantity).map(|floor| if quantity.exact { floor } else { floor.saturating_add(1) })
    };
    let greatest = |text: &str| whole(&read(text)?);
    let bounds = match Comparison::parse(text)? {
        Comparison::Above(text) => {
            let low = greatest(text)?.checked_add(1).ok_or_else(|| format!("no {noun} is above {text}"))?;
            Bounds { low, high: u64::MAX }
        }
        Comparison::AtLeast(text) => Bounds { low: least(text)?, high: u64::MAX },
        Comparison::Below(text) => {
            let high = least(text)?.checked_sub(1).ok_or_else(|| format!("no {noun} is below {text}"))?;
            Bounds { low: 0, high }
        }
        Comparison::AtMost(text) => Bounds { low: 0, high: greatest(text)? },
        Comparison::Equal(text) => Bounds { low: least(text)?, high: greatest(text)? },
        Comparison::Range(low, high) => {
            Bounds { low: low.map_or(Ok(0), least)?, high: high.map_or(Ok(u64::MAX), greatest)? }
        }
    };
    if bounds.low > bounds.high {
        return Err(match Comparison::parse(text)? {
            Comparison::Range(..) => format!("the range {text:?} ends before it begins"),
            _ => format!("{text:?} is not a whole number of bytes; write a range around it"),
        });
    }
    Ok(bounds)
}

fn size(text: &str) -> Result<Quantity, String> {
    let wrong = || {
        format!(
            "{text:?} is not a size: write a number with a unit of B, K, M, G, T or P (powers of 1024), such as \
             size:>1G, size:<=1.5M or size:1M..2G"
        )
    };
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let power = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 1,
        "M" | "MB" | "MIB" => 2,
        "G" | "GB" | "GIB" => 3,
        "T" | "TB" | "TIB" => 4,
        "P" | "PB" | "PIB" => 5,
        _ => return Err(wrong()),
    };
    quantity(number, 1 << (10 * power)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u64 = u64::MAX;

    #[test]
    fn sizes_as_the_manual_says() {
        let gib = 1 << 30;
        for (text, low, high) in [
            (">1G", gib + 1, MAX),
            (">=1G", gib, MAX),
            ("<1G", 0, gib - 1),
            ("<=1G", 0, gib),
            ("=1G", gib, gib),
            ("1g", gib, gib),
            ("1.5G", gib + gib / 2, gib + gib / 2),
            ("1M..2G", 1 << 20, 2 * gib),
            ("1M..", 1 << 20, MAX),
            ("..1M", 0, 1 << 20),
            ("0", 0, 0),
            ("7B", 7, 7),
            ("2KiB", 2048, 2048),
            ("1T", 1 << 40, 1 << 40),
            ("1P", 1 << 50, 1 << 50),
            ("<1.0001K", 0, 1024),
            (">1.0001K", 1025, MAX),
            (">=1.0001K", 1025, MAX),
            ("<=1.0001K", 0, 1024),
            ("18446744073709551615", MAX, MAX),
        ] {
            assert_eq!(parse_size(text), Ok(Bounds { low, high }), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "not a size"),
            (">", "not a size"),
            ("big", "not a size"),
            ("-1", "not a size"),
            ("1X", "not a size"),
            ("1.G", "not a size"),
            (".5G", "not a size"),
            ("1..2..3", "not a size"),
            ("..", "needs an end"),
            (">1M..2M", "either a comparison or a range"),
            ("2M..1M", "ends before it begins"),
            ("<0", "no size is below 0"),
            (">18446744073709551615", "no size is above"),
            ("99999P", "no size is as large"),
            ("1.0001K", "not a whole number of bytes"),
            ("=>1", "not a size"),
        ] {
            let message = parse_size(text).expect_err(text);
            assert!(message.contains(reason), "{text}: {message}");
        }
    }

    #[test]
    fn links_are_whole_numbers() {
        assert_eq!(parse_links(">1"), Ok(Bounds { low: 2, high: MAX }));
        assert_eq!(parse_links("2..4"), Ok(Bounds { low: 2, high: 4 }));
        for text in ["1K", "", "+1", "1.5"] {
            assert!(parse_links(text).unwrap_err().contains("not a whole number"), "{text}");
        }
    }
}

//! Ages and dates: `modified:` and `created:`.

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, ToSpan};

use super::bounds::quantity;
use super::compare::Comparison;
use super::local_time::{LocalTime, UtcTime};

const SECOND_NS: u128 = 1_000_000_000;
const DAY_NS: u128 = 86_400 * SECOND_NS;

/// Unix times from `low_ns` to `high_ns` in nanoseconds, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeBounds {
    /// The earliest.
    pub low_ns: i64,
    /// The latest.
    pub high_ns: i64,
}

impl TimeBounds {
    /// Whether the time lies inside.
    pub fn contains(&self, unix_ns: i64) -> bool {
        self.low_ns <= unix_ns && unix_ns <= self.high_ns
    }
}

/// Reads ages against `now_ns` and dates by the clocks of `local`.
pub(super) struct TimeReader<'a> {
    pub(super) now_ns: i64,
    pub(super) local: &'a dyn LocalTime,
}

/// A point that a comparison names: an age counts backwards, a date lasts for its unit.
enum Moment {
    /// The time that was so long ago.
    Age(i64),
    /// First and last nanosecond.
    Date(i64, i64),
}

impl TimeReader<'_> {
    pub(super) fn parse(&self, text: &str) -> Result<TimeBounds, String> {
        use Moment::{Age, Date};
        let since = |low_ns| TimeBounds { low_ns, high_ns: i64::MAX };
        let until = |high_ns| TimeBounds { low_ns: i64::MIN, high_ns };
        let before = |at: i64| at.saturating_sub(1);
        let after = |at: i64| at.saturating_add(1);
        Ok(match Comparison::parse(text)? {
            Comparison::Above(text) => match self.moment(text)? {
                Age(at) => until(before(at)),
                Date(_, last) => since(after(last)),
            },
            Comparison::AtLeast(text) => match self.moment(text)? {
                Age(at) => until(at),
                Date(first, _) => since(first),
            },
            Comparison::Below(text) => match self.moment(text)? {
                Age(at) => since(after(at)),
                Date(first, _) => until(before(first)),
            },
            Comparison::AtMost(text) => match self.moment(text)? {
                Age(at) => since(at),
                Date(_, last) => until(last),
            },
            Comparison::Equal(written) => match self.moment(written)? {
                Age(_) => {
                    let age = written.trim_start_matches('=');
                    return Err(format!("write `<{age}` for younger than that, or `>{age}` for older"));
                }
                Date(low_ns, high_ns) => TimeBounds { low_ns, high_ns },
            },
            Comparison::Range(from, to) => self.range(text, from, to)?,
        })
    }

    fn range(&self, text: &str, from: Option<&str>, to: Option<&str>) -> Result<TimeBounds, String> {
        use Moment::{Age, Date};
        let from = from.map(|text| self.moment(text)).transpose()?;
        let to = to.map(|text| self.moment(text)).transpose()?;
        let (low_ns, high_ns) = match (from, to) {
            (None, None) => (i64::MIN, i64::MAX),
            // The smaller age is the later time.
            (Some(Date(low, _)), None) | (None, Some(Age(low))) => (low, i64::MAX),
            (None, Some(Date(_, high))) | (Some(Age(high)), None) => (i64::MIN, high),
            (Some(Date(low, _)), Some(Date(_, high))) | (Some(Age(high)), Some(Age(low))) => (low, high),
            (Some(Age(_)), Some(Date(..))) | (Some(Date(..)), Some(Age(_))) => {
                return Err(format!("the range {text:?} mixes an age with a date: write two terms, one for each"));
            }
        };
        if low_ns > high_ns {
            return Err(format!("the range {text:?} ends before it begins"));
        }
        Ok(TimeBounds { low_ns, high_ns })
    }

    fn moment(&self, text: &str) -> Result<Moment, String> {
        if let Some(age_ns) = age(text) {
            let at_ns = i64::try_from(age_ns).ok().and_then(|age_ns| self.now_ns.checked_sub(age_ns));
            return at_ns.map(Moment::Age).ok_or_else(|| out_of_range(text));
        }
        let (first, unit, utc) = self.date(text).ok_or_else(|| wrong(text))?;
        let local: &dyn LocalTime = if utc { &UtcTime } else { self.local };
        let first_ns = local.unix_ns(first);
        let next_ns = first.checked_add(unit).map_or(i64::MAX, |next| local.unix_ns(next));
        // All times of files beyond are kept as one: whether they match a date there is not known.
        if first_ns == i64::MIN || next_ns == i64::MAX {
            return Err(out_of_range(text));
        }
        Ok(Moment::Date(first_ns, next_ns - 1))
    }

    /// When the date begins, how long it lasts, and whether it is in universal time.
    fn date(&self, text: &str) -> Option<(DateTime, Span, bool)> {
        let day = |day: Date| (day.to_datetime(Time::midnight()), 1.day(), false);
        match text {
            "today" => return Some(day(self.local.civil(self.now_ns).date())),
            "yesterday" => return self.local.civil(self.now_ns).date().yesterday().ok().map(day),
            _ => {}
        }
        let (date_text, time_text) = match text.split_once(['T', 't']) {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let mut parts = date_text.split('-');
        let year = number(parts.next()?, 4)?;
        let (month, month_day) = (parts.next(), parts.next());
        if parts.next().is_some() {
            return None;
        }
        let unit: Span = match (month, month_day) {
            (None, _) => 1.year(),
            (Some(_), None) => 1.month(),
            (Some(_), Some(_)) => 1.day(),
        };
        let part = |text: Option<&str>| text.map_or(Some(1), |text| number(text, 2));
        let first = Date::new(year, part(month)? as i8, part(month_day)? as i8).ok().filter(|_| year > 0)?;
        let Some(time_text) = time_text else { return Some((first.at(0, 0, 0, 0), unit, false)) };
        month_day?;
        let (time_text, utc) = match time_text.strip_suffix(['Z', 'z']) {
            Some(time) => (time, true),
            None => (time_text, false),
        };
        let mut parts = time_text.split(':');
        let (hour, minute, second) = (number(parts.next()?, 2)?, parts.next(), parts.next());
        if parts.next().is_some() {
            return None;
        }
        let unit: Span = match (minute, second) {
            (None, _) => 1.hour(),
            (Some(_), None) => 1.minute(),
            (Some(_), Some(_)) => 1.second(),
        };
        let part = |text: Option<&str>| text.map_or(Some(0), |text| number(text, 2));
        let time = Time::new(hour as i8, part(minute)? as i8, part(second)? as i8, 0).ok()?;
        Some((first.to_datetime(time), unit, utc))
    }
}

/// A number of so many digits, no fewer: 2024-1-1 could be read in too many ways.
fn number(text: &str, digits: usize) -> Option<i16> {
    let right = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| right)
}

/// An age in nanoseconds. None: the text has not the form of one.
fn age(text: &str) -> Option<u128> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    let (number, unit) = text.split_at(digits);
    let unit_ns = match unit {
        "s" => SECOND_NS,
        "m" => 60 * SECOND_NS,
        "h" => 3600 * SECOND_NS,
        "d" => DAY_NS,
        "w" => 7 * DAY_NS,
        "mo" => 30 * DAY_NS,
        "y" => 365 * DAY_NS,
        _ => return None,
    };
    quantity(number, unit_ns).map(|age| age.floor)
}

fn out_of_range(text: &str) -> String {
    format!(
        "{text:?} is out of range: the catalog keeps times from 1677-09-22 to 2262-04-10; for all before or after a date \
         leave that end of the range open, as in 2024.. or ..2024"
    )
}

fn wrong(text: &str) -> String {
    format!(
        "{text:?} is neither an age nor a date: write an age with a unit of s, m, h, d, w, mo (30 days) or y (365 days), \
         such as <7d for younger or >30d for older, or a date such as 2024, 2024-01, 2024-01-31, 2024-01-31T10:00, \
         today or yesterday, or a range such as 2024-01-01..2024-06-30"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    const S: i64 = 1_000_000_000;
    const DAY: i64 = 86_400 * S;

    fn at(text: &str) -> i64 {
        UtcTime.unix_ns(text.parse().unwrap())
    }

    fn reader() -> TimeReader<'static> {
        TimeReader { now_ns: UtcTime.unix_ns(date(2024, 3, 10).at(15, 30, 0, 5)), local: &UtcTime }
    }

    #[test]
    fn ages_count_backwards_from_now() {
        let now = reader().now_ns;
        for (text, low_ns, high_ns) in [
            ("<7d", now - 7 * DAY + 1, i64::MAX),
            ("<=7d", now - 7 * DAY, i64::MAX),
            (">30d", i64::MIN, now - 30 * DAY - 1),
            (">=30d", i64::MIN, now - 30 * DAY),
            ("<90s", now - 90 * S + 1, i64::MAX),
            ("<5m", now - 300 * S + 1, i64::MAX),
            ("<1.5h", now - 5400 * S + 1, i64::MAX),
            (">2w", i64::MIN, now - 14 * DAY - 1),
            (">1mo", i64::MIN, now - 30 * DAY - 1),
            (">1y", i64::MIN, now - 365 * DAY - 1),
            ("7d..30d", now - 30 * DAY, now - 7 * DAY),
            ("7d..", i64::MIN, now - 7 * DAY),
            ("..7d", now - 7 * DAY, i64::MAX),
        ] {
            assert_eq!(reader().parse(text), Ok(TimeBounds { low_ns, high_ns }), "{text}");
        }
    }

    #[test]
    fn a_date_lasts_for_the_whole_of_its_unit() {
        for (text, first, next) in [
            ("2024-01-01", "2024-01-01", "2024-01-02"),
            ("=2024-01-01", "2024-01-01", "2024-01-02"),
            ("2024-02", "2024-02-01", "2024-03-01"),
            ("2024", "2024-01-01", "2025-01-01"),
            ("2024-01-01T10", "2024-01-01T10:00", "2024-01-01T11:00"),
            ("2024-01-01T10:00", "2024-01-01T10:00", "2024-01-01T10:01"),
            ("2024-01-01T10:00:59", "2024-01-01T10:00:59", "2024-01-01T10:01:00"),
            ("2024-01-01T10:00Z", "2024-01-01T10:00", "2024-01-01T10:01"),
            ("today", "2024-03-10", "2024-03-11"),
            ("yesterday", "2024-03-09", "2024-03-10"),
            ("2024-01-01..2024-06-30", "2024-01-01", "2024-07-01"),
            ("2023..2024-02", "2023-01-01", "2024-03-01"),
            ("yesterday..today", "2024-03-09", "2024-03-11"),
        ] {
            assert_eq!(reader().parse(text), Ok(TimeBounds { low_ns: at(first), high_ns: at(next) - 1 }), "{text}");
        }
        for (text, low_ns, high_ns) in [
            (">2024-01-01", at("2024-01-02"), i64::MAX),
            (">=2024-01-01", at("2024-01-01"), i64::MAX),
            ("<2024-01-01", i64::MIN, at("2024-01-01") - 1),
            ("<=2024-01-01", i64::MIN, at("2024-01-02") - 1),
            ("2024-01-01..", at("2024-01-01"), i64::MAX),
            ("..2024", i64::MIN, at("2025-01-01") - 1),
        ] {
            assert_eq!(reader().parse(text), Ok(TimeBounds { low_ns, high_ns }), "{text}");
        }
    }

    #[test]
    fn dates_are_by_the_local_clocks() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let reader = TimeReader { now_ns: at("2024-05-01T22:30"), local: &zone };
        let bounds = |text: &str| reader.parse(text).unwrap();
        assert_eq!(bounds("today").low_ns, at("2024-05-01T22:00"));
        // The day on which clocks go forward has 23 hours.
        assert_eq!(bounds("2024-03-31").low_ns, at("2024-03-30T23:00"));
        assert_eq!(bounds("2024-03-31").high_ns, at("2024-03-31T22:00") - 1);
        assert_eq!(bounds("2024-05-01T10:00Z").low_ns, at("2024-05-01T10:00"));
        assert_eq!(bounds(">=2024-03-31T02:30").low_ns, at("2024-03-31T01:00"));
    }

    #[test]
    fn what_is_no_time_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "neither an age nor a date"),
            ("<", "neither an age nor a date"),
            ("soon", "neither an age nor a date"),
            ("2024-13", "neither an age nor a date"),
            ("2023-02-29", "neither an age nor a date"),
            ("2024-1-1", "neither an age nor a date"),
            ("2024-01-01-01", "neither an age nor a date"),
            ("2024-01-01T25", "neither an age nor a date"),
            ("2024-01-01T10:00:00:00", "neither an age nor a date"),
            ("2024-01T10:00", "neither an age nor a date"),
            ("0000", "neither an age nor a date"),
            ("7x", "neither an age nor a date"),
            ("7d", "write `<7d` for younger"),
            ("=7d", "write `<7d` for younger"),
            ("2024..2023", "ends before it begins"),
            ("30d..7d", "ends before it begins"),
            ("7d..2024", "mixes an age with a date"),
            ("<9999y", "out of range"),
            (">=0001", "out of range"),
            ("2262", "out of range"),
            ("2024..9999", "leave that end of the range open"),
        ] {
            let message = reader().parse(text).expect_err(text);
            assert!(message.contains(reason), "{text}: {message}");
        }
    }
}

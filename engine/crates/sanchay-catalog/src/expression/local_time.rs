//! What the clocks on the wall show, for dates as people write them.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::Timestamp;

/// Turns civil dates and times into Unix times and back.
pub trait LocalTime {
    /// The Unix time, in nanoseconds, at which clocks first show `civil`. A time that clocks skip is the next one that
    /// exists. A time that 64 bits cannot hold is the nearest that they can.
    fn unix_ns(&self, civil: DateTime) -> i64;
    /// What clocks show at a Unix time in nanoseconds.
    fn civil(&self, unix_ns: i64) -> DateTime;
}

/// Universal time.
#[derive(Clone, Copy, Debug, Default)]
pub struct UtcTime;

/// The time zone that the system is set to, asked again for each answer: a traveller's clock changes.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLocalTime;

/// The clocks of the one who asks.
#[derive(Clone, Debug)]
pub struct ZonedTime(TimeZone);

impl ZonedTime {
    /// The zone that a `TZ` variable of this value sets: a name such as `Europe/Berlin`, a rule such as
    /// `CET-1CEST,M3.5.0,M10.5.0/3`. As everywhere, a name that the system does not know is universal time. `system` is
    /// what the machine is set to, whatever the variable of this process is; without a zone this process's own counts.
    pub fn named(zone: &str) -> Self {
        if zone.is_empty() {
            return Self(TimeZone::system());
        }
        if zone == SYSTEM {
            return Self(machine_zone().unwrap_or_else(TimeZone::system));
        }
        let name = zone.strip_prefix(':').unwrap_or(zone);
        let name = name.rsplit_once("/zoneinfo/").map_or(name, |(_, name)| name);
        let zone = TimeZone::get(name).or_else(|_| TimeZone::posix(name));
        Self(zone.unwrap_or(TimeZone::UTC))
    }
}

/// What stands for the machine's own zone.
const SYSTEM: &str = "system";

#[cfg(unix)]
fn machine_zone() -> Option<TimeZone> {
    TimeZone::tzif("Local", &std::fs::read("/etc/localtime").ok()?).ok()
}

#[cfg(not(unix))]
fn machine_zone() -> Option<TimeZone> {
    None
}

impl LocalTime for ZonedTime {
    fn unix_ns(&self, civil: DateTime) -> i64 {
        self.0.unix_ns(civil)
    }

    fn civil(&self, unix_ns: i64) -> DateTime {
        LocalTime::civil(&self.0, unix_ns)
    }
}

impl LocalTime for UtcTime {
    fn unix_ns(&self, civil: DateTime) -> i64 {
        TimeZone::UTC.unix_ns(civil)
    }

    fn civil(&self, unix_ns: i64) -> DateTime {
        LocalTime::civil(&TimeZone::UTC, unix_ns)
    }
}

impl LocalTime for SystemLocalTime {
    fn unix_ns(&self, civil: DateTime) -> i64 {
        TimeZone::system().unix_ns(civil)
    }

    fn civil(&self, unix_ns: i64) -> DateTime {
        LocalTime::civil(&TimeZone::system(), unix_ns)
    }
}

impl LocalTime for TimeZone {
    fn unix_ns(&self, civil: DateTime) -> i64 {
        let found = match self.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(civil),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(civil),
            // Read with the later offset the time lies before the clocks go forward: the change itself comes next.
            AmbiguousOffset::Gap { before, after } => after
                .to_timestamp(civil)
                .or_else(|_| before.to_timestamp(civil))
                .map(|early| self.following(early).next().map_or(early, |change| change.timestamp())),
        };
        found.map_or(if civil.year() < 1970 { i64::MIN } else { i64::MAX }, clamp)
    }

    fn civil(&self, unix_ns: i64) -> DateTime {
        Timestamp::from_nanosecond(i128::from(unix_ns)).map_or(DateTime::ZERO, |at| self.to_datetime(at))
    }
}

fn clamp(at: Timestamp) -> i64 {
    at.as_nanosecond().clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const HOUR: i64 = 3_600_000_000_000;

    #[test]
    fn a_skipped_time_is_the_next_that_exists_and_a_repeated_one_is_the_first() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let spring = UtcTime.unix_ns(date(2024, 3, 31).at(1, 0, 0, 0));
        assert_eq!(zone.unix_ns(date(2024, 3, 31).at(1, 59, 59, 0)), spring - 1_000_000_000);
        assert_eq!(zone.unix_ns(date(2024, 3, 31).at(2, 0, 0, 0)), spring);
        assert_eq!(zone.unix_ns(date(2024, 3, 31).at(2, 30, 0, 0)), spring);
        assert_eq!(zone.unix_ns(date(2024, 3, 31).at(3, 0, 0, 0)), spring);
        let autumn = UtcTime.unix_ns(date(2024, 10, 27).at(0, 30, 0, 0));
        assert_eq!(zone.unix_ns(date(2024, 10, 27).at(2, 30, 0, 0)), autumn);
        assert_eq!(LocalTime::civil(&zone, autumn), LocalTime::civil(&zone, autumn + HOUR));
    }

    #[test]
    fn what_64_bits_cannot_hold_is_the_nearest() {
        assert_eq!(UtcTime.unix_ns(date(1, 1, 1).at(0, 0, 0, 0)), i64::MIN);
        assert_eq!(UtcTime.unix_ns(date(9999, 12, 31).at(23, 59, 59, 0)), i64::MAX);
        assert_eq!(TimeZone::posix("XXX12").unwrap().unix_ns(date(9999, 12, 31).at(23, 59, 59, 0)), i64::MAX);
        assert_eq!(UtcTime.civil(0), date(1970, 1, 1).at(0, 0, 0, 0));
        for at in [i64::MIN, i64::MAX] {
            assert_eq!(UtcTime.unix_ns(UtcTime.civil(at)), at);
        }
    }

    #[test]
    fn the_system_has_a_time_zone() {
        let now = SystemLocalTime.civil(1_700_000_000_000_000_000);
        assert_eq!(SystemLocalTime.unix_ns(now), 1_700_000_000_000_000_000);
    }
}

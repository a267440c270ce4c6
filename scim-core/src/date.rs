//! `xsd:dateTime`, the form of every date in SCIM (RFC 7643 §2.3.5), as far as comparison needs it.
//!
//! ```
//! use scim_core::date::DateTime;
//! let (a, b): (DateTime, DateTime) = ("2026-01-01T04:29:39-06:00".parse()?, "2026-01-01T10:29:39.0Z".parse()?);
//! assert_eq!(a, b);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// An instant: seconds since 1970-01-01T00:00:00Z and the fraction of a second.
///
/// Date and time are required, the zone is optional (XSD allows its absence; it then counts as UTC),
/// any number of fraction digits is taken. `04:29:39-06:00` and `10:29:39Z` are the same instant.
///
/// ```
/// use scim_core::date::DateTime;
/// let a: DateTime = "2015-02-27T04:29:39-06:00".parse()?;
/// let b: DateTime = "2015-02-27T10:29:39.000Z".parse()?;
/// assert_eq!(a, b);
/// assert_eq!(a.seconds(), 1_425_032_979);
/// assert!("2015-02-27".parse::<DateTime>().is_err());
/// # Ok::<(), scim_core::date::NotADateTime>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateTime {
    seconds: i64,
    nanos: u32,
}

impl DateTime {
    /// Whole seconds since the epoch, rounded down.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds after [`seconds`](Self::seconds), below 1,000,000,000.
    pub fn subsec_nanos(self) -> u32 {
        self.nanos
    }

    /// Reads without building an error; the filter evaluator asks often.
    pub(crate) fn read(text: &str) -> Option<Self> {
        Reader { bytes: text.as_bytes() }.date_time()
    }
}

impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DateTime {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.seconds, self.nanos).cmp(&(other.seconds, other.nanos))
    }
}

/// The text is no `xsd:dateTime` with date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a date-time of the form 2011-05-13T04:42:34Z")]
pub struct NotADateTime;

impl FromStr for DateTime {
    type Err = NotADateTime;

    fn from_str(text: &str) -> Result<Self, NotADateTime> {
        Self::read(text).ok_or(NotADateTime)
    }
}

/// Written in UTC, with a fraction only where there is one.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.seconds.div_euclid(86_400), self.seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if self.nanos > 0 {
            let digits = format!("{:09}", self.nanos);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn date_time(&mut self) -> Option<DateTime> {
        let before_epoch = self.take(b'-');
        let year_digits = self.bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        if !(4..=6).contains(&year_digits) {
            return None;
        }
        // More than four digits have no leading zero.
        if year_digits > 4 && self.bytes.first() == Some(&b'0') {
            return None;
        }
        let mut year = i64::from(self.number(year_digits)?);
        if before_epoch {
            year = -year;
        }
        let month = self.after(b'-')?;
        let day = self.after(b'-')?;
        let hour = self.after(b'T')?;
        let minute = self.after(b':')?;
        let second = self.after(b':')?;
        let nanos = self.fraction()?;
        let offset = self.zone()?;
        if !self.bytes.is_empty() || !(1..=12).contains(&month) || day == 0 || day > days_in(year, month) {
            return None;
        }
        // 24:00:00 is the end of the day in XSD; a leap second counts as the second before the next minute.
        let end_of_day = hour == 24 && minute == 0 && second == 0 && nanos == 0;
        if (hour > 23 && !end_of_day) || minute > 59 || second > 60 {
            return None;
        }
        let time = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        Some(DateTime { seconds: days_from_civil(year, month, day) * 86_400 + time - offset, nanos })
    }

    fn take(&mut self, byte: u8) -> bool {
        match self.bytes.split_first() {
            Some((&first, rest)) if first.eq_ignore_ascii_case(&byte) => {
                self.bytes = rest;
                true
            }
            _ => false,
        }
    }

    fn number(&mut self, digits: usize) -> Option<u32> {
        let (head, rest) = self.bytes.split_at_checked(digits)?;
        let mut value = 0;
        for byte in head {
            if !byte.is_ascii_digit() {
                return None;
            }
            value = value * 10 + u32::from(byte - b'0');
        }
        self.bytes = rest;
        Some(value)
    }

    fn after(&mut self, separator: u8) -> Option<u32> {
        if self.take(separator) { self.number(2) } else { None }
    }

    fn fraction(&mut self) -> Option<u32> {
        if !self.take(b'.') {
            return Some(0);
        }
        let digits = self.bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let (head, rest) = self.bytes.split_at_checked(digits)?;
        if head.is_empty() {
            return None;
        }
        self.bytes = rest;
        let first_nine = head.iter().chain(std::iter::repeat(&b'0')).take(9);
        Some(first_nine.fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0')))
    }

    fn zone(&mut self) -> Option<i64> {
        if self.bytes.is_empty() || self.take(b'Z') {
            return Some(0);
        }
        let sign = if self.take(b'+') {
            1
        } else if self.take(b'-') {
            -1
        } else {
            return None;
        };
        let hour = self.number(2)?;
        let minute = self.after(b':')?;
        let minutes = i64::from(hour) * 60 + i64::from(minute);
        (minute <= 59 && minutes <= 14 * 60).then_some(sign * minutes * 60)
    }
}

fn days_in(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar; years begin in March here, so that
/// the leap day is the last one.
fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_xsd_allows_and_nothing_else() {
        for good in [
            "2011-05-13T04:42:34Z",
            "2021-09-08T23:02:28.986Z",
            "2024-02-29T00:00:00",
            "2020-01-01T00:00:00.1234567Z",
            "2008-01-23t04:56:22z",
            "2020-01-01T24:00:00Z",
            "2020-01-01T00:00:00+14:00",
            "12020-01-01T00:00:00Z",
        ] {
            assert!(DateTime::read(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "2011-05-13",
            "04:42:34Z",
            "2011-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2011-05-13T25:00:00Z",
            "2011-05-13 04:42:34Z",
            "2011-05-13T04:42:34X",
            "2011-05-13T04:42Z",
            "2011-05-13T04:42:34.Z",
            "2020-01-01T00:00:00+14:01",
            "02020-01-01T00:00:00Z",
            "x",
        ] {
            assert!(DateTime::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn prints_in_utc_and_reads_back() {
        let date: DateTime = "1969-12-31T23:59:59.5-01:00".parse().unwrap();
        assert_eq!(date.to_string(), "1970-01-01T00:59:59.5Z");
        assert_eq!(date.to_string().parse(), Ok(date));
        assert!(DateTime::read("2000-02-29T00:00:00Z").unwrap() < DateTime::read("2000-03-01T00:00:00Z").unwrap());
    }
}

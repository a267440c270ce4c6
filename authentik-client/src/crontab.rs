//! Crontab texts: when the periodic full sync runs.

use std::fmt;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// A five-field crontab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crontab {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    any_day: bool,
    any_weekday: bool,
}

impl Crontab {
    /// `None` if the text is no crontab.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else { return None };
        let weekday_bits = field(weekdays, 0, 7)?;
        Some(Self {
            minutes: field(minutes, 0, 59)?,
            hours: field(hours, 0, 23)?,
            days: field(days, 1, 31)?,
            months: field(months, 1, 12)?,
            weekdays: if weekday_bits & (1 << 7) == 0 { weekday_bits } else { weekday_bits | 1 },
            any_day: *days == "*",
            any_weekday: *weekdays == "*",
        })
    }

    /// The first minute after `now` that matches, within four years.
    pub(crate) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let minute = now.as_second().div_euclid(60) * 60 + 60;
        let mut at = Timestamp::from_second(minute).ok()?;
        for _ in 0..4 * 366 * 24 * 60 {
            let local = TimeZone::UTC.to_datetime(at);
            let has = |bits: u64, value: i8| bits & (1 << u32::from(value.unsigned_abs())) != 0;
            let day = has(self.days, local.day());
            let weekday = has(self.weekdays, local.weekday().to_sunday_zero_offset());
            // As cron has it: where both are restricted, either will do.
            let date = if self.any_day || self.any_weekday { day && weekday } else { day || weekday };
            if !(has(self.months, local.month()) && date) {
                let rest = 24 * 60 - i64::from(local.hour()) * 60 - i64::from(local.minute());
                at = at.checked_add(SignedDuration::from_mins(rest)).ok()?;
            } else if has(self.hours, local.hour()) && has(self.minutes, local.minute()) {
                return Some(at);
            } else {
                at = at.checked_add(SignedDuration::from_mins(1)).ok()?;
            }
        }
        None
    }
}

const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Whole days are told time by time up to this many.
const TIMES: usize = 6;

impl fmt::Display for Crontab {
    /// In words: `every 4 hours, at minute 33 (UTC)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = bits(self.minutes);
        let hours = bits(self.hours);
        let every_minute = minutes.len() == 60;
        match (minutes.as_slice(), hours.as_slice()) {
            (_, hours) if every_minute && hours.len() == 24 => f.write_str("every minute")?,
            ([minute], hours) if hours.len() == 24 => write!(f, "every hour, at minute {minute}")?,
            ([minute], hours) if step(hours, 24).is_some() && hours.len() > 2 => {
                write!(f, "every {} hours, at minute {minute}", step(hours, 24).unwrap_or_default())?;
            }
            (minutes, hours) if hours.len() == 24 && step(minutes, 60).is_some() => {
                write!(f, "every {} minutes", step(minutes, 60).unwrap_or_default())?;
            }
            (minutes, hours) if minutes.len() * hours.len() <= TIMES => {
                let times = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| (hour, minute)));
                let times: Vec<String> = times.map(|(hour, minute)| format!("{hour:02}:{minute:02}")).collect();
                write!(f, "at {}", list(&times))?;
            }
            (_, hours) => {
                let hours: Vec<String> = hours.iter().map(ToString::to_string).collect();
                let minutes: Vec<String> = minutes.iter().map(ToString::to_string).collect();
                match (every_minute, hours.len() == 24) {
                    (true, _) => f.write_str("every minute")?,
                    (false, _) => write!(f, "at minutes {}", list(&minutes))?,
                }
                match hours.len() {
                    24 => f.write_str(" of every hour")?,
                    1 => write!(f, " of hour {}", list(&hours))?,
                    _ => write!(f, " of the hours {}", list(&hours))?,
                }
            }
        }
        let name = |names: &'static [&'static str], index: u32| {
            usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default().to_owned()
        };
        let weekdays = || {
            let named: Vec<String> = bits(self.weekdays & 0x7f).into_iter().map(|day| name(&WEEKDAYS, day)).collect();
            list(&named)
        };
        let days = || {
            let named: Vec<String> = bits(self.days).iter().map(ToString::to_string).collect();
            format!("day {} of the month", list(&named))
        };
        match (self.any_day, self.any_weekday) {
            (true, true) => {}
            (true, false) => write!(f, ", on {}", weekdays())?,
            (false, true) => write!(f, ", on {}", days())?,
            (false, false) => write!(f, ", on {} and on {}", days(), weekdays())?,
        }
        let months = bits(self.months);
        if months.len() < 12 {
            let named: Vec<String> = months.into_iter().map(|month| name(&MONTHS, month.saturating_sub(1))).collect();
            write!(f, ", in {}", list(&named))?;
        }
        f.write_str(" (UTC)")
    }
}

/// The positions of the set bits.
fn bits(field: u64) -> Vec<u32> {
    (0..64).filter(|bit| field & (1 << bit) != 0).collect()
}

/// The distance of values that divide the whole evenly from 0 on, as `*/n` does.
fn step(values: &[u32], whole: u32) -> Option<u32> {
    let [first, second, ..] = values else { return None };
    let step = second - first;
    let even = values.windows(2).all(|pair| matches!(pair, [a, b] if b - a == step));
    let last = values.last().copied().unwrap_or_default();
    (*first == 0 && even && last + step >= whole && whole.is_multiple_of(step)).then_some(step)
}

fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

fn field(text: &str, low: u32, high: u32) -> Option<u64> {
    let mut bits = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
            None => {
                let only: u32 = range.parse().ok()?;
                (only, if part.contains('/') { high } else { only })
            }
        };
        if from < low || to > high || from > to {
            return None;
        }
        let mut value = from;
        while value <= to {
            bits |= 1_u64 << value;
            value = value.checked_add(step)?;
        }
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(crontab: &str, now: &str) -> String {
        Crontab::parse(crontab).unwrap().next(now.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn every_four_hours_at_the_providers_minute() {
        assert_eq!(next("33 */4 * * *", "2026-11-24T09:10:33Z"), "2026-11-24T12:33:00Z");
        assert_eq!(next("33 */4 * * *", "2026-11-24T12:33:00Z"), "2026-11-24T16:33:00Z");
        assert_eq!(next("0 0 1 1 *", "2026-11-24T12:33:00Z"), "2027-01-01T00:00:00Z");
        assert_eq!(next("0 6 * * 1-5", "2026-11-27T12:00:00Z"), "2026-11-30T06:00:00Z");
    }

    #[test]
    fn a_crontab_reads_in_words() {
        for (crontab, words) in [
            ("33 */4 * * *", "every 4 hours, at minute 33 (UTC)"),
            ("0 6 * * 1-5", "at 06:00, on Monday, Tuesday, Wednesday, Thursday and Friday (UTC)"),
            ("0,30 6 * * *", "at 06:00 and 06:30 (UTC)"),
            ("5 * * * *", "every hour, at minute 5 (UTC)"),
            ("*/15 * * * *", "every 15 minutes (UTC)"),
            ("* * * * *", "every minute (UTC)"),
            ("0 0 1 1 *", "at 00:00, on day 1 of the month, in January (UTC)"),
            ("0 0 1 * 7", "at 00:00, on day 1 of the month and on Sunday (UTC)"),
            ("0,10,20,31 8-10 * * *", "at minutes 0, 10, 20 and 31 of the hours 8, 9 and 10 (UTC)"),
            ("* 8 * * *", "every minute of hour 8 (UTC)"),
            // Five does not divide the day: 20:00 is followed by 00:00.
            ("0 */5 * * *", "at 00:00, 05:00, 10:00, 15:00 and 20:00 (UTC)"),
        ] {
            assert_eq!(Crontab::parse(crontab).unwrap().to_string(), words, "{crontab}");
        }
    }

    #[test]
    fn what_is_no_crontab_is_refused() {
        for text in ["not a cron", "* * * *", "60 * * * *", "*/0 * * * *", "5-1 * * * *", ""] {
            assert_eq!(Crontab::parse(text), None, "{text:?}");
        }
    }
}

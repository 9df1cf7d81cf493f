//! Days of the calendar, as far as a suppression that expires needs them.
//!
//! This module owns the order of days and how they are written. It reads no
//! clock.

/// A day of the Gregorian calendar. Days are ordered as they follow each
/// other. The default lies before all others, so that nothing has expired on
/// it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// The year.
    pub year: u32,
    /// The month, from 1.
    pub month: u32,
    /// The day of the month, from 1.
    pub day: u32,
}

impl Date {
    /// Reads `YYYY-MM-DD`, the one form that Trivy and tfsec take; None where
    /// it is not of that form or there is no such day.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next()?;
            let is_number = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
            is_number.then(|| part.parse().ok()).flatten()
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        let is_day = (1..=12).contains(&month) && (1..=length(year, month)).contains(&day);
        (is_day && parts.next().is_none()).then_some(Self { year, month, day })
    }

    /// The day that begins so many days after 1970-01-01.
    #[must_use]
    pub fn after_1970(mut days: u64) -> Self {
        let mut date = Self {
            year: 1970,
            month: 1,
            day: 1,
        };
        while days >= u64::from(length(date.year, date.month)) {
            days -= u64::from(length(date.year, date.month));
            if date.month == 12 {
                date.year = date.year.saturating_add(1);
                date.month = 1;
            } else {
                date.month += 1;
            }
        }
        date.day += u32::try_from(days).unwrap_or_default();
        date
    }
}

/// How many days a month has.
fn length(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: u32, month: u32, day: u32) -> Date {
        Date { year, month, day }
    }

    #[test]
    fn days_are_read_in_one_form_only() {
        assert_eq!(Date::parse("2024-02-29"), Some(date(2024, 2, 29)));
        for wrong in [
            "2023-02-29",
            "2024-13-01",
            "2024-00-10",
            "2024-01-00",
            "2024-1-1",
            "24-01-01",
            "2024-01-01T00:00:00Z",
            "2024-01-01-",
            "2024/01/01",
            "+024-01-01",
            "",
        ] {
            assert_eq!(Date::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_since_1970_are_those_of_the_calendar() {
        assert_eq!(Date::after_1970(0), date(1970, 1, 1));
        assert_eq!(Date::after_1970(58), date(1970, 2, 28));
        assert_eq!(Date::after_1970(11_016), date(2000, 2, 29));
        assert_eq!(Date::after_1970(11_017), date(2000, 3, 1));
        assert_eq!(Date::after_1970(19_722), date(2023, 12, 31));
        assert_eq!(Date::after_1970(19_723), date(2024, 1, 1));
        assert_eq!(Date::after_1970(47_541), date(2100, 3, 1));
    }

    #[test]
    fn days_are_ordered() {
        assert!(date(2023, 12, 31) < date(2024, 1, 1));
        assert!(Date::default() < date(1, 1, 1));
    }
}

//! Calendar time in the system's time zone.

#![allow(unsafe_code)]

use nix::libc;

/// A moment in local time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalTime {
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    /// Seconds east of UTC.
    pub offset_s: i32,
}

/// The local time of a moment in seconds since 1970.
pub fn local_time(seconds: i64) -> LocalTime {
    // SAFETY: zeroed bytes are a valid tm; both pointers live through the call.
    let broken = unsafe {
        let mut broken: libc::tm = std::mem::zeroed();
        libc::localtime_r(&seconds, &mut broken);
        broken
    };
    LocalTime {
        year: broken.tm_year + 1900,
        month: broken.tm_mon as u8 + 1,
        day: broken.tm_mday as u8,
        hour: broken.tm_hour as u8,
        minute: broken.tm_min as u8,
        second: broken.tm_sec as u8,
        offset_s: broken.tm_gmtoff as i32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_day() {
        // 2024-02-29 12:00:00 UTC is within one day of that date everywhere.
        let time = local_time(1_709_208_000);
        assert_eq!(time.year, 2024);
        assert!((time.month, time.day) >= (2, 28) && (time.month, time.day) <= (3, 1));
        assert_eq!(
            i64::from(time.hour) * 60 + i64::from(time.minute),
            (720 + i64::from(time.offset_s / 60)).rem_euclid(1440)
        );
    }
}

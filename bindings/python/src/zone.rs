//! Local time, as `datetime.timestamp` takes it.
#![expect(unsafe_code, reason = "asks the system for the offset of local clocks")]

use std::sync::atomic::{AtomicU64, Ordering};

const DAY: i64 = 86_400;

/// Returns the time at which local clocks show `wall`, as Python's `datetime.timestamp` finds it: of two such times the earlier one
/// unless `fold` is set, and in a gap what the clocks before it, or after it with `fold`, would show.
pub(crate) fn local_seconds(wall: i64, fold: u8) -> Option<i64> {
    steady_seconds(wall, fold).or_else(|| any_seconds(wall, fold))
}

fn any_seconds(wall: i64, fold: u8) -> Option<i64> {
    let guess_offset = local_offset(wall)?;
    let first = wall - guess_offset;
    let first_offset = local_offset(first)?;
    let other_offset = if first_offset == guess_offset {
        // The guess is right. There may be another time, with the offset of the day before or after.
        let other = local_offset(beside(first, fold))?;
        if other == guess_offset {
            return Some(first);
        }
        other
    } else {
        first_offset
    };
    let second = wall - other_offset;
    if second + local_offset(second)? == wall {
        return Some(second);
    }
    if first_offset == guess_offset {
        return Some(first);
    }
    Some(if fold == 0 { first.max(second) } else { first.min(second) })
}

/// Returns the day before, or with `fold` that after.
fn beside(seconds: i64, fold: u8) -> i64 {
    if fold == 0 { seconds - DAY } else { seconds + DAY }
}

/// Does the same with one question to the system, where clocks have not changed for a day. Returns nothing where they may have.
fn steady_seconds(wall: i64, fold: u8) -> Option<i64> {
    let offset = kept_offset(wall)?;
    let first = wall - offset;
    // What is kept belongs to a zone that the program may have changed since, by `time.tzset`, which nobody is told.
    let first_offset = local_offset(first)?;
    if kept_offset(first)? != first_offset {
        forget();
        return None;
    }
    let steady = first_offset == offset && kept_offset(beside(first, fold))? == offset;
    steady.then_some(first)
}

/// The offsets of days on which it was the same from the first second to the last: the number of the day and the offset, or 0. No
/// zone changes its offset twice within a day.
static DAYS: [AtomicU64; 512] = [const { AtomicU64::new(0) }; 512];

/// Added to the number of a day, so that it is positive.
const FIRST_DAY: i64 = 1 << 30;

/// Returns the offset at a time in UTC, from what is kept of its day. Returns nothing on a day on which the offset changes.
#[inline]
fn kept_offset(seconds: i64) -> Option<i64> {
    let day = seconds.div_euclid(DAY);
    let number = u32::try_from(day + FIRST_DAY).ok()?;
    let place = DAYS.get(number as usize % DAYS.len())?;
    let packed = place.load(Ordering::Relaxed);
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is the offset")]
    let offset = (packed as u32).cast_signed();
    if packed >> 32 == u64::from(number) {
        return Some(offset.into());
    }
    keep(day, number, place)
}

/// Asks the system for the offset of a day, and keeps it.
#[cold]
fn keep(day: i64, number: u32, place: &AtomicU64) -> Option<i64> {
    let first = local_offset(day * DAY)?;
    if local_offset(day * DAY + DAY - 1)? != first {
        return None;
    }
    let offset = i32::try_from(first).ok()?.cast_unsigned();
    place.store(u64::from(number) << 32 | u64::from(offset), Ordering::Relaxed);
    Some(first)
}

#[cold]
fn forget() {
    DAYS.iter().for_each(|place| place.store(0, Ordering::Relaxed));
}

/// Returns how many seconds local clocks are ahead of UTC at a time.
#[cfg(unix)]
#[allow(clippy::useless_conversion, reason = "the types are narrower on some systems")]
fn local_offset(seconds: i64) -> Option<i64> {
    let seconds = libc::time_t::try_from(seconds).ok()?;
    let mut parts = std::mem::MaybeUninit::<libc::tm>::uninit();
    // SAFETY: both pointers are valid for the call, which fills `parts` unless it returns null.
    unsafe {
        if libc::localtime_r(&raw const seconds, parts.as_mut_ptr()).is_null() {
            return None;
        }
        Some(parts.assume_init().tm_gmtoff.into())
    }
}

#[cfg(not(unix))]
fn local_offset(_: i64) -> Option<i64> {
    None
}

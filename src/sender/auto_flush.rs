//! When to flush: by rows, bytes or time. A pure decision, taken when a row ends.

use std::time::Duration;

/// Limits of the sender's own buffer; an absent one never triggers.
#[derive(Debug, Clone, Copy)]
pub(super) struct AutoFlush {
    pub(super) rows: Option<u64>,
    pub(super) bytes: Option<u64>,
    pub(super) interval: Option<Duration>,
}

impl AutoFlush {
    /// Whether a buffer of `rows` and `bytes` is due, `since_last` being the time since the last flush. The clock is only
    /// read when rows and bytes do not decide.
    #[inline]
    pub(super) fn is_due(
        &self,
        rows: usize,
        bytes: usize,
        since_last: impl FnOnce() -> Duration,
    ) -> bool {
        let reached =
            |value: usize, limit: Option<u64>| limit.is_some_and(|limit| value as u64 >= limit);
        reached(rows, self.rows)
            || reached(bytes, self.bytes)
            || self.interval.is_some_and(|interval| since_last() >= interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_triggers_alone() {
        let off = AutoFlush { rows: None, bytes: None, interval: None };
        let ms = Duration::from_millis;
        assert!(!off.is_due(usize::MAX, usize::MAX, || Duration::MAX));
        let rows = AutoFlush { rows: Some(3), ..off };
        assert!(!rows.is_due(2, 999, || ms(999)));
        assert!(rows.is_due(3, 0, || unreachable!("the clock is not needed")));
        let bytes = AutoFlush { bytes: Some(100), ..off };
        assert!(!bytes.is_due(9, 99, || ms(999)));
        assert!(bytes.is_due(1, 100, || ms(0)));
        let interval = AutoFlush { interval: Some(ms(50)), ..off };
        assert!(!interval.is_due(9, 99, || ms(49)));
        assert!(interval.is_due(1, 1, || ms(50)));
    }
}

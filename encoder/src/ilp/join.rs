//! Joins the rows of two buffers: rows that come back after a failure, and rows that wait where a timer can take them.

use super::buffer::Buffer;
use super::lines::Lines;
use crate::error::Result;

impl Buffer {
    /// Appends the rows of `more`, which is empty afterwards. Neither may have an open row. The limit of the size does not hold
    /// here, because all rows have been taken already.
    ///
    /// # Errors
    /// `OutOfMemory`: both are as they were.
    pub(crate) fn append_rows(&mut self, more: &mut Buffer) -> Result<()> {
        self.lines.append(&more.lines)?;
        self.assumed |= more.assumed;
        more.clear();
        Ok(())
    }

    /// Puts the rows of `earlier`, which is empty afterwards, before its own. Neither may have an open row. The limit of the
    /// size does not hold here, because all rows have been taken already.
    ///
    /// # Errors
    /// `OutOfMemory`: both are as they were.
    pub(crate) fn put_back(&mut self, earlier: &mut Buffer) -> Result<()> {
        let (len, rows) = (earlier.len(), earlier.row_count());
        earlier.lines.append(&self.lines)?;
        let (ours, whole) = (&mut self.lines, &mut earlier.lines);
        // What belongs to the buffer and not to its rows stays with the buffer.
        whole.state = ours.state;
        whole.removals = ours.removals;
        whole.store.limit_to(ours.store.max());
        std::mem::swap(ours, whole);
        self.assumed |= earlier.assumed;
        match &mut self.marker {
            None => self.marker = earlier.marker,
            Some(marker) => {
                marker.len += len;
                marker.rows += rows;
                marker.one_table &= self.lines.one_table;
            }
        }
        earlier.clear();
        Ok(())
    }
}

impl Lines {
    /// Appends the rows of other lines; neither may have an open row.
    fn append(&mut self, more: &Lines) -> Result<()> {
        debug_assert!(!self.is_row_open() && !more.is_row_open());
        self.store.append(more.store.as_slice())?;
        if let Some(table) = more.first_table.as_ref().filter(|_| more.rows > 0) {
            self.rows_added(table, self.rows == 0, more.rows);
            if !more.one_table && self.one_table {
                self.one_table = false;
                // No row of these can be dropped alone, so this is never asked for.
                self.rows_before_second_table = usize::MAX;
            }
        }
        // Rows of an older version may stand among newer ones, as every server that reads these reads those too.
        if more.version != self.version {
            self.become_version(self.version.max(more.version), more.max_name_len);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ilp::ProtocolVersion;

    fn rows(version: ProtocolVersion, tables: &[&str]) -> Buffer {
        let mut buffer = Buffer::new(version);
        for (n, table) in tables.iter().enumerate() {
            buffer.table(*table).unwrap().column_f64("n", n as f64).unwrap().at_now().unwrap();
        }
        buffer
    }

    const V1: ProtocolVersion = ProtocolVersion::V1;
    const V2: ProtocolVersion = ProtocolVersion::V2;

    #[test]
    fn appended_rows_stand_behind_and_their_tables_count() {
        let cases: [(&[&str], &[&str], bool); 6] = [
            (&["a"], &["a", "a"], true),
            (&[], &["a", "a"], true),
            (&["a"], &[], true),
            (&["a"], &["b"], false),
            (&[], &["a", "b"], false),
            (&["a", "b"], &["a"], false),
        ];
        for (first, second, one_table) in cases {
            for back in [false, true] {
                let (mut a, mut b) = (rows(V1, first), rows(V1, second));
                let whole = [a.peek(), b.peek()].concat();
                let joined = if back {
                    b.put_back(&mut a).unwrap();
                    assert!(a.is_empty() && a.row_count() == 0);
                    b
                } else {
                    a.append_rows(&mut b).unwrap();
                    assert!(b.is_empty() && b.row_count() == 0);
                    a
                };
                assert_eq!(joined.peek(), whole, "{first:?} {second:?} {back}");
                assert_eq!(joined.row_count(), first.len() + second.len());
                assert_eq!(joined.is_transactional(), one_table, "{first:?} {second:?} {back}");
                let table = first.iter().chain(second).next().map(|table| (*table).to_owned());
                assert_eq!(joined.first_table(), table);
            }
        }
    }

    #[test]
    fn rows_that_came_back_leave_the_buffer_what_it_was() {
        let mut own = rows(V1, &["a"]);
        own.set_marker().unwrap();
        own.table("a").unwrap().column_i64("x", 1).unwrap().at_now().unwrap();
        let removals = own.removals();
        let mut failed = rows(V1, &["a", "a"]);
        own.put_back(&mut failed).unwrap();
        assert_eq!((own.row_count(), own.removals()), (4, removals));
        own.rewind_to_marker().unwrap();
        assert_eq!((own.row_count(), own.peek()), (3, &b"a n=0.0\na n=1.0\na n=0.0\n"[..]));
        let mut failed = rows(V1, &["a", "a"]);
        failed.set_marker().unwrap();
        let mut other = rows(V1, &["a"]);
        other.put_back(&mut failed).unwrap();
        other.rewind_to_marker().unwrap();
        assert_eq!(other.row_count(), 2, "a marker comes back too");
        own.close();
        own.put_back(&mut rows(V1, &["b"])).unwrap();
        assert!(own.table("a").is_err(), "a closed buffer stays closed");
        assert_eq!((own.row_count(), own.is_transactional()), (4, false));
    }

    #[test]
    fn the_limit_does_not_keep_rows_from_coming_back() {
        let mut options = crate::BufferOptions::new(V1);
        (options.init_buf_size, options.max_buf_size) = (16, 16);
        let mut own = Buffer::with_options(options).unwrap();
        own.table("t").unwrap().column_i64("x", 1).unwrap().at_now().unwrap();
        own.put_back(&mut rows(V1, &["a", "a"])).unwrap();
        assert_eq!((own.row_count(), own.max_buf_size()), (3, 16));
        let e = own.table("t").map(drop).unwrap_err();
        assert_eq!(e.code(), crate::ErrorCode::LimitExceeded);
        own.remove_rows(1, 2).unwrap();
        assert_eq!(own.peek(), b"t x=1i\n");
    }

    #[test]
    fn rows_that_a_server_had_converted_join_newer_ones() {
        let mut own = rows(V2, &["a"]);
        own.assume_version();
        own.put_back(&mut rows(V1, &["a"])).unwrap();
        assert_eq!(own.protocol_version(), V2);
        own.convert(V1, 127, &mut || Ok(())).unwrap();
        assert_eq!((own.peek(), own.protocol_version()), (&b"a n=0.0\na n=0.0\n"[..], V1));
    }
}

//! From lines to tables: types, casts, names, time.

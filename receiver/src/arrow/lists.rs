//! Arrays as nested lists of doubles.

use super::columns::{Validity, fixed};
use super::{ArrowBuffer, ArrowColumn};
use crate::value::Value;

/// Returns the arrays as lists, or `None` if there are more elements than lists hold.
pub(super) fn column<'a>(
    dimensions: usize,
    values: impl Iterator<Item = Value<'a>>,
) -> Option<ArrowColumn> {
    let mut valid = Validity::default();
    // For each dimension, where its lists end in the next one.
    let mut ends: Vec<Vec<i32>> = vec![vec![0]; dimensions];
    let mut elements = Vec::new();
    for value in values {
        let array = if let Value::Array(array) = value { Some(array) } else { None };
        valid.push(array.is_some());
        // An array without elements is an empty list, because its dimensions could be extremely large.
        let Some(array) = array.filter(|array| !array.data().is_empty()) else {
            add(ends.first_mut()?, 1, 0)?;
            continue;
        };
        let mut lists = 1;
        for (ends, length) in ends.iter_mut().zip(array.shape()) {
            add(ends, lists, *length)?;
            lists *= *length as usize;
        }
        elements.extend_from_slice(array.data());
    }
    let inner = fixed(elements.into_iter().map(Some), ArrowBuffer::Doubles);
    let nested = ends.drain(1..).rev().fold(inner, |inner, ends| {
        let rows = ends.len() - 1;
        let buffers = vec![None, Some(ArrowBuffer::Ints(ends))];
        ArrowColumn { rows, buffers, children: vec![inner], ..ArrowColumn::default() }
    });
    let outer = valid.column([ArrowBuffer::Ints(ends.pop()?)]);
    Some(ArrowColumn { children: vec![nested], ..outer })
}

/// Adds so many lists of this length.
fn add(ends: &mut Vec<i32>, lists: usize, length: u32) -> Option<()> {
    let mut end = *ends.last()?;
    for _ in 0..lists {
        end = end.checked_add(i32::try_from(length).ok()?)?;
        ends.push(end);
    }
    Some(())
}

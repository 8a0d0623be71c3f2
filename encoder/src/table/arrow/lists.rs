//! Lists of numbers, which are sent as arrays of doubles.

use std::ops::Range;

use super::convert;
use super::field::{Kind, Number};
use super::view::{View, typed};
use crate::error::{Error, Result, err};
use crate::memory::room;
use crate::table::ArrayView;

/// The lists of a range of rows: their shapes, and where their elements are.
#[derive(Default)]
pub(super) struct Lists {
    /// The shapes one after the other, as many numbers each as there are dimensions.
    shapes: Vec<usize>,
    /// The places of the elements of each list; a row without a value has none.
    places: Vec<Option<Range<usize>>>,
    /// All these places together.
    span: Range<usize>,
    /// The elements of the span, unless they can be read where they lie.
    doubles: Vec<f64>,
}

impl Lists {
    /// Reads the lists of `rows` of the array, of which `base` is the first row of the batch.
    pub(super) fn read(&mut self, view: &View<'_>, rows: Range<usize>, base: usize) -> Result<()> {
        let dims = view.field.dimensions();
        convert::clear(&mut self.shapes, rows.len().saturating_mul(dims))?;
        convert::clear(&mut self.places, rows.len())?;
        let (mut start, mut end) = (usize::MAX, 0);
        for row in rows.clone() {
            if !view.is_valid(row) {
                self.shapes.resize(self.shapes.len() + dims, 0);
                self.places.push(None);
                continue;
            }
            let place = shape_of(view, row, &mut self.shapes);
            let place = place.map_err(|e| e.context(format_args!("row {}", row - base)))?;
            (start, end) = (start.min(place.start), end.max(place.end));
            self.places.push(Some(place));
        }
        self.span = start.min(end)..end;
        let leaf = leaf(view);
        self.doubles.clear();
        match leaf.field.kind {
            Kind::Number(number) if in_place(leaf, number, self.span.clone()).is_none() => {
                let read = convert::doubles(leaf, number, self.span.clone(), &mut self.doubles);
                let places = &self.places;
                read.map_err(|e| {
                    e.in_row(|at| {
                        let holds = |place: &Option<Range<_>>| {
                            place.as_ref().is_some_and(|p| p.contains(&at))
                        };
                        Some(places.iter().position(holds)? + rows.start - base)
                    })
                })
            }
            _ => Ok(()),
        }
    }

    /// Returns what [`Lists::read`] has read, for the same `view`.
    pub(super) fn views<'a>(&'a self, view: &View<'a>) -> Result<Vec<ArrayView<'a>>> {
        let elements = in_place(leaf(view), Number::F64, self.span.clone());
        let elements = match leaf(view).field.kind {
            Kind::Number(Number::F64) => elements.unwrap_or(&self.doubles),
            _ => &self.doubles,
        };
        let mut views = room(self.places.len(), "arrays")?;
        let shapes = self.shapes.chunks_exact(view.field.dimensions().max(1));
        for (shape, place) in shapes.zip(&self.places) {
            let place = place
                .as_ref()
                .map_or(0..0, |place| place.start - self.span.start..place.end - self.span.start);
            views.push(ArrayView::c_major(shape, elements.get(place).unwrap_or(&[]))?);
        }
        Ok(views)
    }
}

/// Returns the elements of the innermost lists.
fn leaf<'v, 'a>(view: &'v View<'a>) -> &'v View<'a> {
    let mut leaf = view;
    while let Some(item) = &leaf.item {
        leaf = item;
    }
    leaf
}

/// Returns elements that can be read where they lie.
fn in_place<'a>(leaf: &View<'a>, number: Number, span: Range<usize>) -> Option<&'a [f64]> {
    if number != Number::F64 || leaf.has_validity() {
        return None;
    }
    typed(leaf.bytes(span.start, span.len(), number.width()).ok()?)
}

/// Adds the shape of the list in `row`, and returns the places of its elements. Inner lists of different lengths have none.
fn shape_of(view: &View<'_>, row: usize, shape: &mut Vec<usize>) -> Result<Range<usize>> {
    let (mut level, mut lists) = (view, row..row + 1);
    while let Some(item) = &level.item {
        if level.has_validity() && lists.clone().any(|i| !level.is_valid(i)) {
            return Err(err!(InvalidArgument, "an array cannot hold a list that is null"));
        }
        let (each, places) = match level.field.kind {
            Kind::FixedList { size } => {
                let place = |i: usize| level.first.saturating_add(i).saturating_mul(size);
                (size, place(lists.start)..place(lists.end))
            }
            _ => same_length(level, lists)?,
        };
        if places.end > item.len {
            let (end, len) = (places.end, item.len);
            return Err(err!(InvalidArgument, "a list ends at element {end} of {len}"));
        }
        shape.push(each);
        (level, lists) = (item, places);
    }
    Ok(lists)
}

/// Returns the length that all these lists have, and the places of their elements.
fn same_length(level: &View<'_>, lists: Range<usize>) -> Result<(usize, Range<usize>)> {
    if lists.is_empty() {
        return Ok((0, 0..0));
    }
    let start = level.offset(lists.start)?;
    let (mut end, mut length) = (start, None);
    for i in lists {
        let next = level.offset(i + 1)?;
        let each = next.checked_sub(end).ok_or_else(|| descending(i))?;
        match length.replace(each) {
            Some(other) if other != each => {
                return Err(err!(
                    InvalidArray,
                    "an array cannot hold lists of {other} and of {each} elements beside each other"
                ));
            }
            _ => end = next,
        }
    }
    Ok((length.unwrap_or(0), start..end))
}

#[cold]
fn descending(i: usize) -> Error {
    err!(InvalidArgument, "list {i} ends before it begins")
}

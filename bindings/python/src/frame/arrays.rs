//! The arrays of a column of Python objects, copied one after another.

use client::ArrayView;
use pyo3::prelude::*;

use super::faults::Stop;
use super::objects::expected;
use super::piece::Bad;
use crate::array::{self, Numbers as Array};

/// The rest of arrays of all rows of a piece, one after another in C order.
#[derive(Default)]
pub(crate) struct Arrays {
    doubles: Vec<f64>,
    shapes: Vec<usize>,
    /// Where shape and elements of each row end.
    ends: Vec<(usize, usize)>,
}

impl Arrays {
    pub(crate) fn clear(&mut self) {
        self.doubles.clear();
        self.shapes.clear();
        self.ends.clear();
    }

    pub(crate) fn push(
        &mut self,
        value: Option<&Bound<'_, PyAny>>,
        row: usize,
    ) -> Result<(), Stop> {
        match value {
            // The client does not look at it, but a view must have a dimension.
            None => self.shapes.push(0),
            Some(value) => {
                let read = if array::is_list(value) {
                    array::of_list(value)
                } else {
                    match Array::of(value)? {
                        Some(array) if array.dims() > 0 => {
                            array.doubles().map(|doubles| (array.shape.clone(), doubles))
                        }
                        _ => return Err(expected("array", value, row)),
                    }
                };
                let (shape, doubles) = read.map_err(|e| Stop::value(row, e))?;
                // A piece may have the same large array in each row.
                let space = self.doubles.try_reserve(doubles.len());
                space.map_err(|_| array::no_memory(doubles.len()))?;
                self.shapes.extend_from_slice(&shape);
                self.doubles.extend_from_slice(&doubles);
            }
        }
        self.ends.push((self.shapes.len(), self.doubles.len()));
        Ok(())
    }

    pub(crate) fn views(&self) -> Result<Vec<ArrayView<'_>>, Stop> {
        let mut views = Vec::with_capacity(self.ends.len());
        let (mut shape, mut element) = (0, 0);
        for (row, (shape_end, end)) in self.ends.iter().copied().enumerate() {
            let view = ArrayView::c_major(
                self.shapes.get(shape..shape_end).unwrap_or_default(),
                self.doubles.get(element..end).unwrap_or_default(),
            );
            views.push(view.map_err(|e| Stop::from(Bad::at(row, e.message())))?);
            (shape, element) = (shape_end, end);
        }
        Ok(views)
    }
}

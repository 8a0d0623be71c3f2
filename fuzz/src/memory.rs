//! Arguments as a C caller has them: pointers into memory of exactly their size, so that AddressSanitizer sees if one byte
//! too many is read; and pointers that are invalid.

use std::ffi::{c_char, c_void};
use std::ptr;

use questdb_ingress_capi::{questdb_array, questdb_cell, questdb_cell_value, questdb_column_data};

use crate::Input;
use crate::cells::{self, NAMES};

/// All memory that the arguments of one call point to.
#[derive(Debug, Default)]
pub struct Memory {
    bytes: Vec<Box<[u8]>>,
    sizes: Vec<Box<[usize]>>,
    steps: Vec<Box<[isize]>>,
    numbers: Vec<Box<[i64]>>,
    doubles: Vec<Box<[f64]>>,
    offsets: Vec<Box<[i32]>>,
    arrays: Vec<Box<[questdb_array]>>,
}

fn keep<T>(all: &mut Vec<Box<[T]>>, new: Vec<T>) -> *const T {
    all.push(new.into_boxed_slice());
    all.last().map_or(ptr::null(), |kept| kept.as_ptr())
}

/// Returns another kind of column now and then.
fn other(input: &mut Input<'_>, kind: u32) -> u32 {
    if input.below(32) == 31 { 1 + u32::from(input.byte()) % 9 } else { kind }
}

/// Far more than any text may have. A length that is an obvious mistake must be refused before the memory is read.
const MISTAKE: usize = 1 << 40;

impl Memory {
    pub fn bytes(&mut self, bytes: &[u8]) -> (*const c_char, usize) {
        (keep(&mut self.bytes, bytes.to_vec()).cast(), bytes.len())
    }

    /// Makes text, or an invalid pointer or length.
    pub fn text(&mut self, input: &mut Input<'_>) -> (*const c_char, usize) {
        match input.below(32) {
            0 => (ptr::null(), 0),
            1 => (ptr::null(), 1 + usize::from(input.byte())),
            2 => (self.bytes(b"x").0, 0),
            _ => {
                let text = cells::text(input);
                self.bytes(&text)
            }
        }
    }

    /// Makes a name, which is mostly valid.
    pub fn name(&mut self, input: &mut Input<'_>) -> (*const c_char, usize) {
        match input.below(16) {
            0 => self.text(input),
            1 => (self.bytes(b"short").0, MISTAKE),
            _ => self.bytes(input.one(&NAMES).as_bytes()),
        }
    }

    /// Makes a number as text, or text that is no number.
    pub fn decimal(&mut self, input: &mut Input<'_>) -> (*const c_char, usize) {
        match input.below(8) {
            0 => self.text(input),
            1 => (self.bytes(b"1.5").0, MISTAKE),
            _ => {
                let text = cells::decimal_text(input);
                self.bytes(&text)
            }
        }
    }

    /// Makes an array of any layout. Its sizes may be mistakes, because the library checks them against the memory.
    fn array(&mut self, input: &mut Input<'_>) -> questdb_array {
        let array = cells::array(input);
        let (data, data_len) = self.bytes(&array.memory);
        let mut made = questdb_array {
            dims: array.shape.len(),
            shape: keep(&mut self.sizes, array.shape),
            strides: keep(&mut self.steps, array.strides),
            data: data.cast(),
            data_len,
            origin: array.origin,
        };
        match input.below(24) {
            0 => made.strides = ptr::null(),
            1 => made.shape = ptr::null(),
            2 => made.data = ptr::null(),
            3 => made.dims = 0,
            4 => made.shape = made.shape.cast::<u8>().wrapping_add(1).cast(),
            5 => made.origin = usize::MAX,
            6 => made.shape = keep(&mut self.sizes, vec![usize::MAX; made.dims]),
            _ => {}
        }
        made
    }

    pub fn one_array(&mut self, input: &mut Input<'_>) -> *const questdb_array {
        if input.below(16) == 15 {
            return ptr::null();
        }
        let array = self.array(input);
        keep(&mut self.arrays, vec![array])
    }

    /// Makes a cell for a column of that kind; now and then one of another kind, or of no kind at all.
    fn cell(&mut self, input: &mut Input<'_>, kind: u32) -> questdb_cell {
        let mut scale = 0;
        let kind = other(input, kind);
        let (kind, value, len) = match (input.below(16), kind) {
            (0, _) => (0, questdb_cell_value { i64: 0 }, 0),
            (1, _) => (7 + u32::from(input.byte()), questdb_cell_value { i64: -1 }, 0),
            (_, 2) => (1, questdb_cell_value { i64: input.integer() }, 0),
            (_, 4) => (3, questdb_cell_value { f64: input.double() }, 0),
            (_, 1 | 5) => {
                let (ptr, len) = self.text(input);
                (4, questdb_cell_value { ptr: ptr.cast() }, len)
            }
            (_, 8) => (5, questdb_cell_value { ptr: self.one_array(input).cast() }, 0),
            (2..8, 9) => {
                let (ptr, len) = self.decimal(input);
                (4, questdb_cell_value { ptr: ptr.cast() }, len)
            }
            (_, 9) => {
                scale = u32::from(input.byte()) % 80;
                let (ptr, len) = self.bytes(input.bytes());
                (6, questdb_cell_value { ptr: ptr.cast() }, len)
            }
            _ => (2, questdb_cell_value { i64: input.integer() }, 0),
        };
        questdb_cell { kind, scale, value, len }
    }

    pub fn cells(&mut self, input: &mut Input<'_>, kinds: &[u32]) -> Vec<questdb_cell> {
        let mut cells: Vec<_> = kinds.iter().map(|kind| self.cell(input, *kind)).collect();
        if input.below(32) == 31 {
            cells.truncate(input.below(4));
        }
        cells
    }

    /// Makes the values of a column of that kind.
    pub fn column(&mut self, input: &mut Input<'_>, kind: u32, rows: usize) -> questdb_column_data {
        let mut column = questdb_column_data {
            kind: 0,
            width: 0,
            scale: 0,
            offset_width: 4,
            values: ptr::null(),
            first_bit: 0,
            offsets: ptr::null(),
            text: ptr::null(),
            text_len: 0,
            dictionary_len: 0,
            validity: ptr::null(),
            validity_first_bit: 0,
        };
        match other(input, kind) {
            2 if input.flag() => {
                column.kind = 2;
                column.first_bit = input.below(9);
                column.values = self.some_bytes(input, (column.first_bit + rows).div_ceil(8));
            }
            2 => {
                column.kind = 1;
                column.values = self.some_bytes(input, rows);
            }
            4 => {
                column.kind = 4;
                let values = (0..rows).map(|_| input.double()).collect();
                column.values = keep(&mut self.doubles, values).cast();
            }
            1 | 5 if input.flag() => self.dictionary(input, rows, &mut column),
            1 | 5 => {
                column.kind = 5;
                self.texts(input, rows, &mut column);
            }
            8 => {
                column.kind = 7;
                let arrays = (0..rows).map(|_| self.array(input)).collect();
                column.values = keep(&mut self.arrays, arrays).cast();
            }
            9 => {
                column.kind = 8;
                column.scale = u32::from(input.byte()) % 80;
                column.width = u32::from(input.byte()) % 34;
                column.values = self.some_bytes(input, rows * column.width as usize);
            }
            _ => {
                column.kind = 3;
                let values = (0..rows).map(|_| input.integer()).collect();
                column.values = keep(&mut self.numbers, values).cast();
            }
        }
        if input.flag() {
            column.validity_first_bit = input.below(9);
            let len = (column.validity_first_bit + rows).div_ceil(8);
            column.validity = self.some_bytes(input, len).cast();
        }
        match input.below(32) {
            // An existing kind would make the library read other memory, so this one does not exist.
            0 => column.kind = 9 + u32::from(input.byte()),
            1 => column.values = ptr::null(),
            2 => column.offset_width = u32::from(input.byte()) % 8,
            3 => column.text = ptr::null(),
            4 => column.offsets = ptr::null(),
            _ => {}
        }
        column
    }

    fn some_bytes(&mut self, input: &mut Input<'_>, len: usize) -> *const c_void {
        let mut bytes = input.take(len).to_vec();
        bytes.resize(len, 0xA5);
        keep(&mut self.bytes, bytes).cast()
    }

    /// The fuzzer chooses the offsets, because the library checks them against the text.
    fn texts(&mut self, input: &mut Input<'_>, count: usize, column: &mut questdb_column_data) {
        let text = cells::text(input);
        let (mut at, mut offsets) = (0i32, vec![0]);
        for _ in 0..count {
            at = at.saturating_add(i32::from(input.byte().cast_signed() / 8));
            offsets.push(at);
        }
        column.offsets = keep(&mut self.offsets, offsets).cast();
        let (ptr, len) = self.bytes(&text);
        (column.text, column.text_len) = (ptr.cast(), len);
    }

    fn dictionary(&mut self, input: &mut Input<'_>, rows: usize, column: &mut questdb_column_data) {
        column.kind = 6;
        column.width = 1;
        column.dictionary_len = input.below(4);
        self.texts(input, column.dictionary_len, column);
        let codes: Vec<u8> = (0..rows).map(|_| input.byte() % 5).collect();
        column.values = keep(&mut self.bytes, codes).cast();
    }

    pub fn stamps(&mut self, input: &mut Input<'_>, rows: usize) -> *const i64 {
        let stamps = (0..rows).map(|_| input.integer()).collect();
        keep(&mut self.numbers, stamps)
    }
}

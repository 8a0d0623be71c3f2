//! The structs of Arrow's C data and C stream interfaces, and who releases them.
#![expect(unsafe_code, reason = "reads structs of other languages and calls their callbacks")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem;

use crate::error::{Error, Result, err};

/// Describes the type of an array: `struct ArrowSchema` of Arrow's C data interface.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::table::{ArrowArray, ArrowBatch, ArrowSchema};
///
/// // Structs that nobody has filled in are refused.
/// let (mut array, schema) = (ArrowArray::released(), ArrowSchema::released());
/// // SAFETY: a released struct is recognised by its callback; nothing else of it is read.
/// let e = unsafe { ArrowBatch::import(&mut array, &schema) }.unwrap_err();
/// assert_eq!(e.message(), "the ArrowSchema was released");
/// ```
#[repr(C)]
#[derive(Debug)]
pub struct ArrowSchema {
    /// The type, such as `l` for 64-bit integers.
    pub format: *const c_char,
    /// The name of the column.
    pub name: *const c_char,
    /// Not read: an extension type is sent by its storage.
    pub metadata: *const c_char,
    /// Not read.
    pub flags: i64,
    /// The number of children.
    pub n_children: i64,
    /// The types of the children.
    pub children: *mut *mut ArrowSchema,
    /// The type of the values of a dictionary.
    pub dictionary: *mut ArrowSchema,
    /// Frees the struct; `None` once that is done.
    pub release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    /// The producer's own.
    pub private_data: *mut c_void,
}

/// The values of an array: `struct ArrowArray` of Arrow's C data interface.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::table::ArrowArray;
///
/// // A producer fills in a struct like this one.
/// let array = ArrowArray::released();
/// assert!(array.release.is_none());
/// ```
#[repr(C)]
#[derive(Debug)]
pub struct ArrowArray {
    /// The number of values.
    pub length: i64,
    /// The number of values without one, or -1 if it is not known.
    pub null_count: i64,
    /// The place of the first value in the buffers.
    pub offset: i64,
    /// The number of buffers.
    pub n_buffers: i64,
    /// The number of children.
    pub n_children: i64,
    /// The buffers, the validity first.
    pub buffers: *mut *const c_void,
    /// The arrays of the children.
    pub children: *mut *mut ArrowArray,
    /// The values of a dictionary.
    pub dictionary: *mut ArrowArray,
    /// Frees the struct; `None` once that is done.
    pub release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    /// The producer's own.
    pub private_data: *mut c_void,
}

/// A sequence of batches: `struct ArrowArrayStream` of Arrow's C stream interface.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::table::{ArrowArrayStream, ArrowStream};
///
/// let mut raw = ArrowArrayStream::released();
/// // SAFETY: a released struct is recognised by its callback; nothing else of it is read.
/// let e = unsafe { ArrowStream::import(&mut raw) }.unwrap_err();
/// assert_eq!(e.message(), "the ArrowArrayStream was released");
/// ```
#[repr(C)]
#[derive(Debug)]
pub struct ArrowArrayStream {
    /// Returns the type of all batches.
    pub get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int>,
    /// Returns the next batch, or a released one at the end.
    pub get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int>,
    /// Says what went wrong in the last call.
    pub get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    /// Frees the struct; `None` once that is done.
    pub release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    /// The producer's own.
    pub private_data: *mut c_void,
}

impl ArrowSchema {
    /// Returns a struct that holds nothing, for a producer to fill in.
    pub const fn released() -> ArrowSchema {
        // SAFETY: the struct has numbers, raw pointers and an optional function only, for which zeros are valid.
        unsafe { mem::zeroed() }
    }
}

impl ArrowArray {
    /// Returns a struct that holds nothing, for a producer to fill in.
    pub const fn released() -> ArrowArray {
        // SAFETY: as in `ArrowSchema::released`.
        unsafe { mem::zeroed() }
    }
}

impl ArrowArrayStream {
    /// Returns a struct that holds nothing, for a producer to fill in.
    pub const fn released() -> ArrowArrayStream {
        // SAFETY: as in `ArrowSchema::released`.
        unsafe { mem::zeroed() }
    }
}

/// Defines the owner of a struct: it is moved out of the caller's memory and released when the owner is dropped.
///
/// Invariant: the struct follows its interface and is released, or nobody else will release it.
macro_rules! owner {
    ($(#[$doc:meta])* $owner:ident, $raw:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $owner($raw);

        impl $owner {
            /// Moves the struct out of the caller's memory, where it is marked as released.
            ///
            /// # Safety
            /// `from` is NULL, or points to a struct that follows the interface and that the caller gives away, with all
            /// that is reached from it. Any thread may read it and call its callbacks.
            pub(super) unsafe fn take(from: *mut $raw) -> Result<$owner> {
                if from.is_null() || !from.is_aligned() {
                    return Err(bad_pointer(stringify!($raw)));
                }
                // SAFETY: neither NULL nor misaligned, and the caller vouches for the rest.
                let from = unsafe { &mut *from };
                let taken = $owner(mem::replace(from, $raw::released()));
                if taken.0.release.is_none() { Err(released(stringify!($raw))) } else { Ok(taken) }
            }
        }

        impl Drop for $owner {
            fn drop(&mut self) {
                if let Some(release) = self.0.release {
                    // SAFETY: the struct has not been released, and this is its only owner.
                    unsafe { release(&mut self.0) }
                }
            }
        }

        // SAFETY: whoever gave the struct away promised that any thread may use it.
        unsafe impl Send for $owner {}
        // SAFETY: shared owners only read the struct; it changes only while it is exclusively borrowed.
        unsafe impl Sync for $owner {}
    };
}

owner! {
    /// An array that is released when it is dropped.
    OwnedArray, ArrowArray
}
owner! {
    /// A stream that is released when it is dropped.
    OwnedStream, ArrowArrayStream
}
owner! {
    /// A type that is released when it is dropped.
    OwnedSchema, ArrowSchema
}

#[cold]
fn released(what: &str) -> Error {
    err!(InvalidArgument, "the {what} was released")
}

#[cold]
fn bad_pointer(what: &str) -> Error {
    err!(InvalidArgument, "the pointer to the {what} is NULL or misaligned")
}

/// Returns the member of a struct that `pointer` leads to.
///
/// # Safety
/// `pointer` is NULL or points to a struct that follows the interface for `'a`.
unsafe fn member<'a, T>(pointer: *const T, what: &str) -> Result<&'a T> {
    if pointer.is_null() || !pointer.is_aligned() {
        return Err(bad_pointer(what));
    }
    // SAFETY: neither NULL nor misaligned, and the caller vouches for the rest.
    Ok(unsafe { &*pointer })
}

/// Returns element `i` of an array of `count` pointers.
///
/// # Safety
/// `pointers` is NULL or points to `count` pointers.
unsafe fn element<T: Copy>(pointers: *mut T, count: i64, i: usize, what: &str) -> Result<T> {
    let inside = usize::try_from(count).is_ok_and(|count| i < count);
    if !inside || pointers.is_null() || !pointers.is_aligned() {
        return Err(err!(InvalidArgument, "an array has {count} {what}, number {i} is missing"));
    }
    // SAFETY: the element is one of `count`, which the caller vouches for.
    Ok(unsafe { *pointers.add(i) })
}

/// The type of an array, to be read.
///
/// Invariant: the struct has not been released and follows the interface for `'a`, and so do its children and its dictionary.
#[derive(Clone, Copy)]
pub(super) struct SchemaRef<'a>(&'a ArrowSchema);

impl<'a> SchemaRef<'a> {
    /// # Safety
    /// `schema` is NULL or points to a struct that follows the interface for `'a`.
    pub(super) unsafe fn new(schema: *const ArrowSchema) -> Result<SchemaRef<'a>> {
        // SAFETY: the caller vouches for it.
        let schema = unsafe { member(schema, "ArrowSchema") }?;
        if schema.release.is_none() { Err(released("ArrowSchema")) } else { Ok(SchemaRef(schema)) }
    }

    pub(super) fn format(self) -> Result<&'a str> {
        text(self.0.format, "format of an ArrowSchema")
    }

    pub(super) fn name(self) -> Result<&'a str> {
        if self.0.name.is_null() { Ok("") } else { text(self.0.name, "name of an ArrowSchema") }
    }

    pub(super) fn child_count(self) -> Result<usize> {
        count(self.0.n_children, "children")
    }

    pub(super) fn child(self, i: usize) -> Result<SchemaRef<'a>> {
        // SAFETY: the invariant has it that there are so many pointers, each to a struct that follows the interface.
        unsafe { SchemaRef::new(element(self.0.children, self.0.n_children, i, "children")?) }
    }

    pub(super) fn dictionary(self) -> Result<Option<SchemaRef<'a>>> {
        if self.0.dictionary.is_null() {
            return Ok(None);
        }
        // SAFETY: the invariant has it that the dictionary follows the interface.
        unsafe { SchemaRef::new(self.0.dictionary) }.map(Some)
    }
}

impl OwnedSchema {
    pub(super) fn get(&self) -> SchemaRef<'_> {
        SchemaRef(&self.0)
    }
}

/// Reads a text that ends with a NUL.
fn text<'a>(pointer: *const c_char, what: &str) -> Result<&'a str> {
    if pointer.is_null() {
        return Err(err!(InvalidArgument, "the {what} is NULL"));
    }
    // SAFETY: not NULL, and the interface says that the text ends with a NUL. It belongs to a struct whose invariant has it
    // that it lives for `'a`.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map_err(|_| err!(InvalidUtf8, "the {what} is not UTF-8"))
}

/// Converts a number that the interface gives as a signed one.
fn count(number: i64, what: &str) -> Result<usize> {
    usize::try_from(number).map_err(|_| err!(InvalidArgument, "an array has {number} {what}"))
}

/// The values of an array, to be read.
///
/// Invariant: the struct has not been released and follows the interface for `'a`, and so do its children and its dictionary.
#[derive(Clone, Copy)]
pub(super) struct ArrayRef<'a>(&'a ArrowArray);

impl OwnedArray {
    pub(super) fn get(&self) -> ArrayRef<'_> {
        ArrayRef(&self.0)
    }
}

impl<'a> ArrayRef<'a> {
    /// # Safety
    /// `array` is NULL or points to a struct that follows the interface for `'a`.
    unsafe fn new(array: *const ArrowArray) -> Result<ArrayRef<'a>> {
        // SAFETY: the caller vouches for it.
        let array = unsafe { member(array, "ArrowArray") }?;
        if array.release.is_none() { Err(released("ArrowArray")) } else { Ok(ArrayRef(array)) }
    }

    pub(super) fn length(self) -> Result<usize> {
        count(self.0.length, "values")
    }

    pub(super) fn offset(self) -> Result<usize> {
        usize::try_from(self.0.offset)
            .map_err(|_| err!(InvalidArgument, "an array has the offset {}", self.0.offset))
    }

    /// Returns how many values are missing; a negative number says that nobody has counted.
    pub(super) fn null_count(self) -> i64 {
        self.0.null_count
    }

    pub(super) fn buffer_count(self) -> Result<usize> {
        count(self.0.n_buffers, "buffers")
    }

    pub(super) fn child_count(self) -> Result<usize> {
        count(self.0.n_children, "children")
    }

    pub(super) fn child(self, i: usize) -> Result<ArrayRef<'a>> {
        // SAFETY: the invariant has it that there are so many pointers, each to a struct that follows the interface.
        unsafe { ArrayRef::new(element(self.0.children, self.0.n_children, i, "children")?) }
    }

    pub(super) fn dictionary(self) -> Result<ArrayRef<'a>> {
        // SAFETY: the invariant has it that the dictionary follows the interface, or is NULL.
        unsafe { ArrayRef::new(self.0.dictionary) }
    }

    /// Returns `len` bytes of buffer `i`, or `None` if the buffer is NULL.
    ///
    /// # Safety
    /// The type and the length of the array require the buffer to have at least `len` bytes, unless it is NULL.
    pub(super) unsafe fn buffer(self, i: usize, len: usize) -> Result<Option<&'a [u8]>> {
        // SAFETY: the invariant has it that there are so many pointers.
        let buffer = unsafe { element(self.0.buffers, self.0.n_buffers, i, "buffers") }?;
        let fits = isize::try_from(len).is_ok() && buffer.addr().checked_add(len).is_some();
        match (buffer.is_null(), fits) {
            (true, _) => Ok(None),
            (_, false) => {
                Err(err!(InvalidArgument, "buffer {i} of an array would have {len} bytes"))
            }
            // SAFETY: not NULL and no longer than memory can be; the caller vouches for the length, and the invariant for
            // the rest.
            _ => Ok(Some(unsafe { std::slice::from_raw_parts(buffer.cast(), len) })),
        }
    }
}

impl OwnedStream {
    /// Asks for the type of all batches.
    pub(super) fn schema(&mut self) -> Result<OwnedSchema> {
        let Some(ask) = self.0.get_schema else { return Err(no_callback("get_schema")) };
        let mut schema = ArrowSchema::released();
        // SAFETY: the stream has not been released, and the place for the schema holds none.
        let code = unsafe { ask(&mut self.0, &mut schema) };
        if code != 0 {
            return Err(self.failure(code));
        }
        // SAFETY: the stream gave the struct away; the owner of the stream promised that any thread may use it.
        unsafe { OwnedSchema::take(&mut schema) }
    }

    /// Asks for the next batch. At the end there is none.
    pub(super) fn next(&mut self) -> Result<Option<OwnedArray>> {
        let Some(ask) = self.0.get_next else { return Err(no_callback("get_next")) };
        let mut array = ArrowArray::released();
        // SAFETY: the stream has not been released, and the place for the array holds none.
        let code = unsafe { ask(&mut self.0, &mut array) };
        if code != 0 {
            return Err(self.failure(code));
        }
        if array.release.is_none() {
            return Ok(None);
        }
        // SAFETY: the stream gave the struct away; the owner of the stream promised that any thread may use it.
        unsafe { OwnedArray::take(&mut array) }.map(Some)
    }

    #[cold]
    fn failure(&mut self, code: c_int) -> Error {
        let said = match self.0.get_last_error {
            // SAFETY: the stream has not been released, and its last call failed.
            Some(ask) => unsafe { ask(&mut self.0) },
            None => std::ptr::null(),
        };
        // SAFETY: not NULL; the interface says that the text ends with a NUL and lives until the next call.
        let said = if said.is_null() { &[] } else { unsafe { CStr::from_ptr(said) }.to_bytes() };
        let said = crate::quoted::shown_bytes(said);
        err!(InvalidArgument, "the Arrow stream failed with the error number {code}: {said}")
    }
}

#[cold]
fn no_callback(name: &str) -> Error {
    err!(InvalidArgument, "the {name} of an ArrowArrayStream is NULL")
}

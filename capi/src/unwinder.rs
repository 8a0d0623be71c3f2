//! What the shared library for Linux on x86-64 has of its own of what unwinds the stack after a panic. Only that build
//! contains this file (see build.rs): in a static library, these functions would take the place of those of the host program.
//!
//! They are in the table of symbols, but hidden: the linker finds them, and no program does.
//!
//! Invariant: the linker puts `__ehdr_start` at the ELF header of this library, and loads its program headers with it.
#![allow(non_snake_case, reason = "the names are those of the C library and of libgcc")]
#![allow(unsafe_code, reason = "these functions take the place of functions of C")]

use core::ffi::{c_int, c_void};
use core::ptr::null_mut;

core::arch::global_asm!(".hidden _Unwind_Backtrace", ".hidden _dl_find_object");

const END_OF_STACK: c_int = 5;

/// Finds no frame. The only caller is the standard library when it prints a backtrace of a panic, for which it would bring
/// 220 kB that read debug information. A stripped library has none, and the message of a panic names its place anyway.
// SAFETY: the declaration is that of libgcc, and to find no frame is one of the answers that callers have to expect.
#[unsafe(no_mangle)]
extern "C-unwind" fn _Unwind_Backtrace(_found: *const c_void, _data: *mut c_void) -> c_int {
    END_OF_STACK
}

/// The answer of [`_dl_find_object`], as glibc declares it for x86-64.
#[repr(C)]
struct Object {
    flags: u64,
    start: *mut c_void,
    end: *mut c_void,
    link_map: *mut c_void,
    eh_frame: *mut c_void,
    reserved: [u64; 7],
}

/// A program header of ELF with 64 bits.
#[repr(C)]
struct Segment {
    kind: u32,
    flags: u32,
    offset: u64,
    address: usize,
    physical: u64,
    size_in_file: u64,
    size: usize,
    align: u64,
}

/// The header of an ELF file with 64 bits.
#[repr(C)]
struct Header {
    unused: [u64; 4],
    segments_at: usize,
    unused_too: [u32; 3],
    unused_sizes: [u16; 2],
    segment_count: u16,
}

const LOADED: u32 = 1;
const EXECUTABLE: u32 = 1;
const FRAMES: u32 = 0x6474_e550;

unsafe extern "C" {
    /// The ELF header of this library.
    static __ehdr_start: Header;
}

/// Tells the unwinder where the frames of this library are described. glibc's function of this name is newer (2.35) than
/// what the library otherwise needs. Frames of others are not found: no panic goes beyond this library.
// SAFETY: the declaration is that of glibc, and to find nothing is one of its answers.
#[unsafe(no_mangle)]
unsafe extern "C" fn _dl_find_object(pc: *const c_void, found: *mut Object) -> c_int {
    let header = &raw const __ehdr_start;
    let base = header.cast::<u8>();
    let (mut inside, mut frames) = (false, null_mut::<c_void>());
    // SAFETY: the linker made header and program headers, which are loaded and never change. The first segment of a shared
    // library begins with the header at address 0, so addresses count from there. `found` is the unwinder's.
    unsafe {
        let first = base.add((*header).segments_at).cast::<Segment>();
        for i in 0..usize::from((*header).segment_count) {
            let segment = &*first.add(i);
            let at = base.wrapping_add(segment.address);
            if segment.kind == LOADED && segment.flags & EXECUTABLE != 0 {
                inside |= pc.addr().wrapping_sub(at.addr()) < segment.size;
            } else if segment.kind == FRAMES {
                frames = at.cast_mut().cast();
            }
        }
        if !inside || frames.is_null() {
            return -1;
        }
        found.write(Object {
            flags: 0,
            start: base.cast_mut().cast(),
            end: base.cast_mut().cast(),
            link_map: null_mut(),
            eh_frame: frames,
            reserved: [0; 7],
        });
    }
    0
}

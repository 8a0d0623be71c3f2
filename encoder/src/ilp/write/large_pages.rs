//! Large pages for large buffers, where the system gives them on request only.
#![expect(unsafe_code, reason = "madvise has no safe wrapper in our dependencies")]

/// Memory of fewer bytes is left alone: a few hundred page faults are not worth a system call and pages that stay half empty.
const LARGE: usize = 4 << 20;

/// Asks for large pages for the memory that begins at `start`. A new buffer of tens of MiB otherwise costs the kernel a fault for
/// each 4 KiB, which takes as long as writing it. It is only a wish, so nothing is returned.
pub(super) fn wish(start: *const u8, len: usize) {
    const PAGE: usize = 4096;
    if len < LARGE {
        return;
    }
    // From the beginning of the first page on, which the allocator has for itself: a mapping of which a part is advised becomes
    // two, and two cannot grow by moving.
    let before = start as usize % PAGE;
    let first = start.wrapping_sub(before).cast_mut().cast();
    // SAFETY: the advice changes neither what the memory holds nor who may use it, whatever lies there.
    unsafe { libc::madvise(first, len + before, libc::MADV_HUGEPAGE) };
}

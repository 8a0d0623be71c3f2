//! The id of the process, so that a forked child knows that it is another one.
#![cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "mmap and madvise are called through libc")
)]

#[cfg(target_os = "linux")]
use std::sync::OnceLock;
#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicU32, Ordering};

/// Returns the id of this process without a system call: it is kept on a page that the kernel empties in a forked child.
#[cfg(target_os = "linux")]
#[inline(always)]
pub fn process_id() -> u32 {
    static PAGE: OnceLock<Option<&'static AtomicU32>> = OnceLock::new();
    let made = || page_emptied_by_fork(libc::madvise);
    let Some(kept) = *PAGE.get_or_init(made) else { return std::process::id() };
    match kept.load(Ordering::Relaxed) {
        0 => {
            let id = std::process::id();
            kept.store(id, Ordering::Relaxed);
            id
        }
        id => id,
    }
}

/// Returns the id of this process.
#[cfg(not(target_os = "linux"))]
pub fn process_id() -> u32 {
    std::process::id()
}

/// The system call, or what replaces it in a test.
#[cfg(target_os = "linux")]
type Madvise = unsafe extern "C" fn(*mut libc::c_void, usize, libc::c_int) -> libc::c_int;

/// Returns one page of zeros that is never freed; `None` if the kernel cannot empty it on `fork`, or cannot be believed.
#[cfg(target_os = "linux")]
fn page_emptied_by_fork(madvise: Madvise) -> Option<&'static AtomicU32> {
    const LEN: usize = 4096;
    /// No kernel knows such an advice.
    const NONSENSE: libc::c_int = -1;
    // SAFETY: a new private mapping, at an address that the kernel chooses, touches no memory that exists.
    let page = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            LEN,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if page == libc::MAP_FAILED {
        return None;
    }
    // A kernel that accepts nonsense as advice, as emulators do, ignores what it does not know. It would leave the page as
    // it is, and a child would be taken for its parent.
    // SAFETY: this is the whole mapping made above, and none of these advices frees it.
    let ignores = unsafe { madvise(page, LEN, NONSENSE) } == 0;
    // SAFETY: this is the whole mapping made above, and the advice does not free it.
    if ignores || unsafe { madvise(page, LEN, libc::MADV_WIPEONFORK) } != 0 {
        // SAFETY: this is the whole mapping made above, and nothing refers to it.
        unsafe { libc::munmap(page, LEN) };
        return None;
    }
    // SAFETY: zeros are a valid `AtomicU32`, a page is aligned for it, and it is never unmapped.
    Some(unsafe { &*page.cast() })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Does what emulators of a kernel do with advice that they do not know.
    unsafe extern "C" fn accepts_without_effect(_: *mut libc::c_void, _: usize, _: i32) -> i32 {
        0
    }

    /// Does what a kernel before 4.14 does.
    unsafe extern "C" fn refuses(_: *mut libc::c_void, _: usize, _: i32) -> i32 {
        -1
    }

    #[test]
    fn a_kernel_that_ignores_advice_is_not_believed() {
        assert!(page_emptied_by_fork(accepts_without_effect).is_none());
        assert!(page_emptied_by_fork(refuses).is_none());
        // The next test checks whether this kernel keeps its promise.
        let page = page_emptied_by_fork(libc::madvise);
        assert!(page.is_none_or(|page| page.load(Ordering::Relaxed) == 0));
    }

    #[test]
    fn a_forked_child_knows_that_it_is_another_process() {
        assert_eq!(process_id(), std::process::id());
        // SAFETY: the child makes only calls that are allowed between `fork` and `exec`, and ends at once.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let right = [process_id(), process_id()] == [std::process::id(); 2];
            // SAFETY: this ends the child without running exit handlers of its parent.
            unsafe { libc::_exit(if right { 0 } else { 1 }) };
        }
        let mut status = -1;
        // SAFETY: this waits for the child made above, and `status` has room for the result.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        assert_eq!(process_id(), std::process::id());
    }
}

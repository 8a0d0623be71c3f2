//! A panic in the work of a sender poisons that sender alone.
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "handles that are made here, used by this thread only, and freed once"
)]

use super::*;
use crate::buffer::{questdb_buffer_free, questdb_buffer_len};
use crate::row::questdb_buffer_table;
use client::ErrorCode;

fn code(failed: Failed) -> Option<ErrorCode> {
    failed.map(|e| e.into_error().code())
}

fn sender() -> *mut questdb_sender {
    let mut made = ptr::null_mut();
    let conf = "http::addr=127.0.0.1:1;protocol_version=2;";
    let failed =
        unsafe { questdb_sender_from_conf(conf.as_ptr().cast(), conf.len(), &raw mut made) };
    assert_eq!(code(failed), None);
    made
}

fn free(sender: *mut questdb_sender) {
    // SAFETY: made by `sender`, and given up here.
    questdb_sender_free(Some(unsafe { Box::from_raw(sender) }));
}

#[test]
fn a_panic_poisons_a_sender_and_its_lent_buffer_and_nothing_else() {
    let (broken, other) = (sender(), sender());
    let lent = unsafe { questdb_sender_buffer(broken) };
    assert_eq!(code(unsafe { guard_own(broken, |_| panic!("defect")) }), Some(ErrorCode::Internal));
    let poisoned = Some(ErrorCode::HandlePoisoned);
    assert_eq!(code(unsafe { questdb_sender_at_now(broken) }), poisoned);
    assert_eq!(code(unsafe { questdb_sender_flush(broken, lent) }), poisoned);
    assert_eq!(code(unsafe { questdb_sender_flush_own(broken) }), poisoned);
    assert_eq!(code(unsafe { questdb_sender_close(broken, 1, ptr::null_mut()) }), poisoned);
    // SAFETY: the buffer of a living sender, used only by this thread.
    let buffer = || unsafe { lent.as_mut() };
    assert_eq!(code(unsafe { questdb_buffer_table(buffer(), c"t".as_ptr(), 1) }), poisoned);
    assert_eq!(questdb_buffer_len(buffer().map(|b| &*b)), 0);
    unsafe { questdb_buffer_free(lent) };
    assert_eq!(unsafe { questdb_sender_protocol_version(broken) }, 0);
    assert_eq!(unsafe { questdb_sender_stat(broken, 0) }, 0);
    free(broken);

    assert_eq!(code(unsafe { questdb_sender_flush_own(other) }), None);
    free(other);
}

#[test]
fn a_panic_in_the_lent_buffer_stops_the_sender_from_using_it() {
    let sender = sender();
    // SAFETY: the buffer of a living sender, used only by this thread.
    let lent = unsafe { questdb_sender_buffer(sender).as_mut() };
    assert_eq!(code(guard(lent, |_| panic!("defect"))), Some(ErrorCode::Internal));
    assert_eq!(code(unsafe { questdb_sender_flush_own(sender) }), Some(ErrorCode::HandlePoisoned));
    // Independent buffers can still be sent.
    let mut buffer = ptr::null_mut();
    assert_eq!(code(unsafe { questdb_sender_new_buffer(sender, &raw mut buffer) }), None);
    assert_eq!(code(unsafe { questdb_sender_flush(sender, buffer) }), None);
    unsafe { questdb_buffer_free(buffer) };
    free(sender);
}

//! The handles of a C caller, and what holds for every error that it gets.

use std::ffi::{CStr, c_char};
use std::ptr;
use std::sync::LazyLock;
use std::time::Instant;

use questdb_ingress::Config;
use questdb_ingress::fuzzing::{End, Script, Server};
use questdb_ingress_capi::*;

use crate::Input;
use crate::checks::{LONGEST_MESSAGE, assert_line};

/// What a fallible function returns.
pub type Failed = Option<Box<questdb_error>>;

static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A few places for handles of each type; empty places are NULL.
#[derive(Debug)]
pub struct Handles {
    buffers: [*mut questdb_buffer; 2],
    pub senders: [*mut questdb_sender; 2],
    pub configs: [*mut questdb_config; 2],
    /// Whether a sender may be created from the configuration. This is only true of ours, because others may name any host
    /// and file.
    pub harmless: [bool; 2],
    pub layouts: [*mut questdb_row_layout; 2],
    /// The kinds of the columns of each layout.
    pub kinds: [Vec<u32>; 2],
    pub tables: [*mut questdb_table_name; 2],
    pub columns: [*mut questdb_column_name; 2],
}

impl Default for Handles {
    fn default() -> Self {
        Handles {
            buffers: [ptr::null_mut(); 2],
            senders: [ptr::null_mut(); 2],
            configs: [ptr::null_mut(); 2],
            harmless: [false; 2],
            layouts: [ptr::null_mut(); 2],
            kinds: [Vec::new(), Vec::new()],
            tables: [ptr::null_mut(); 2],
            columns: [ptr::null_mut(); 2],
        }
    }
}

/// Borrows a handle of the caller's for a call.
///
/// # Safety
/// The handle is NULL or alive, and nothing else refers to it during the call.
pub unsafe fn borrowed<'a, T>(handle: *mut T) -> Option<&'a mut T> {
    unsafe { handle.as_mut() }
}

/// Gives a handle up.
///
/// # Safety
/// The handle is NULL or alive, and is not used again.
pub unsafe fn given<T>(handle: *mut T) -> Option<Box<T>> {
    if handle.is_null() { None } else { Some(unsafe { Box::from_raw(handle) }) }
}

impl Handles {
    /// Returns a buffer: one of the caller's, one that a sender lends, or NULL.
    pub fn buffer(&self, place: usize) -> *mut questdb_buffer {
        match place {
            0 | 1 => self.buffers[place],
            // SAFETY: the sender is NULL or alive.
            2 | 3 => unsafe { questdb_sender_buffer(self.senders[place - 2]) },
            _ => ptr::null_mut(),
        }
    }

    /// Returns where a new buffer goes; the one that was there is freed.
    pub fn new_buffer(&mut self, place: usize) -> *mut *mut questdb_buffer {
        // SAFETY: the buffer is NULL or alive, and the next line clears its place.
        unsafe { questdb_buffer_free(self.buffers[place % 2]) };
        self.buffers[place % 2] = ptr::null_mut();
        &raw mut self.buffers[place % 2]
    }

    pub fn new_sender(&mut self, place: usize) -> *mut *mut questdb_sender {
        // SAFETY: the sender is NULL or alive, and the next line clears its place.
        questdb_sender_free(unsafe { given(self.senders[place]) });
        self.senders[place] = ptr::null_mut();
        &raw mut self.senders[place]
    }

    pub fn new_config(&mut self, place: usize) -> *mut *mut questdb_config {
        // SAFETY: the configuration is NULL or alive, and the next line clears its place.
        questdb_config_free(unsafe { given(self.configs[place]) });
        self.configs[place] = ptr::null_mut();
        self.harmless[place] = false;
        &raw mut self.configs[place]
    }

    pub fn new_layout(&mut self, place: usize) -> *mut *mut questdb_row_layout {
        // SAFETY: the layout is NULL or alive, and the next line clears its place.
        questdb_row_layout_free(unsafe { given(self.layouts[place]) });
        self.layouts[place] = ptr::null_mut();
        self.kinds[place].clear();
        &raw mut self.layouts[place]
    }

    pub fn new_table(&mut self, place: usize) -> *mut *mut questdb_table_name {
        // SAFETY: the name is NULL or alive, and the next line clears its place.
        questdb_table_name_free(unsafe { given(self.tables[place]) });
        self.tables[place] = ptr::null_mut();
        &raw mut self.tables[place]
    }

    pub fn new_column(&mut self, place: usize) -> *mut *mut questdb_column_name {
        // SAFETY: the name is NULL or alive, and the next line clears its place.
        questdb_column_name_free(unsafe { given(self.columns[place]) });
        self.columns[place] = ptr::null_mut();
        &raw mut self.columns[place]
    }

    /// Creates a sender whose server follows a script made from the fuzzer's bytes.
    pub fn scripted_sender(&mut self, input: &mut Input<'_>, place: usize) {
        let answers = (0..1 + input.below(4)).map(|_| input.one(&ANSWERS).to_vec()).collect();
        let end = input.one(&[End::Silent, End::Closed, End::Reset]);
        let early = (input.below(8) == 0).then(|| 1 + usize::from(input.byte()));
        let server = Server::new(Script { answers, pieces: Vec::new(), early, end }, *EPOCH);
        if let Ok(sender) = server.sender(&CONFIGS[input.below(CONFIGS.len())]) {
            let handle = handle_of(sender);
            unsafe { *self.new_sender(place) = handle };
        }
    }
}

impl Drop for Handles {
    fn drop(&mut self) {
        for place in 0..2 {
            self.new_buffer(place);
            self.new_sender(place);
            self.new_config(place);
            self.new_layout(place);
            self.new_table(place);
            self.new_column(place);
        }
    }
}

const ANSWERS: [&[u8]; 8] = [
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 400 Bad\r\ncontent-type: application/json\r\ncontent-length: 55\r\n\r\n\
      {\"code\":\"invalid\",\"message\":\"no\",\"line\":1,\"errorId\":\"a\"}",
    b"HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 500 Sorry\r\ncontent-length: 5\r\n\r\nsorry",
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
    b"garbage\r\n\r\n",
    b"",
];

static CONFIGS: LazyLock<Vec<Config>> = LazyLock::new(|| {
    let small = "init_buf_size=1024;max_buf_size=4096;";
    let all = [
        format!("http::addr=db;protocol_version=1;auto_flush_rows=3;retry_timeout=0;{small}"),
        format!(
            "http::addr=db,other;protocol_version=2;retry_timeout=100;auto_flush_bytes=64;{small}"
        ),
        format!("http::addr=db;protocol_version=3;auto_flush=off;delivery=at_most_once;{small}"),
        format!("tcp::addr=db;protocol_version=3;auto_flush_rows=2;{small}"),
        format!("http::addr=db;auto_flush_interval=1;retry_timeout=0;{small}"),
    ];
    all.iter().map(|conf| Config::from_conf(conf).unwrap()).collect()
});

/// Returns a text that a function returned.
fn c_text<'a>(text: *const c_char) -> Option<&'a str> {
    // SAFETY: the text is NULL or NUL-terminated, and alive as long as its error.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_str().unwrap())
}

/// Reads everything that an error says, checks what always holds, and frees it. Returns whether there was one.
pub fn failed(error: Failed) -> bool {
    let Some(error) = error else { return false };
    let e = Some(&*error);
    let code = questdb_error_get_code(e);
    let message = c_text(questdb_error_message(e)).unwrap();
    // 23: CANCELLED. A panic or a fault inside would be 21 or 22.
    assert!((1..=20).contains(&code) || code == 23, "{code}: {message}");
    assert!(!message.is_empty() && message.len() <= LONGEST_MESSAGE, "{message}");
    assert_line(message);
    assert_ne!(c_text(questdb_error_code_name(code)), Some("UNKNOWN"));
    let outcome = questdb_error_outcome(e);
    assert!((1..=4).contains(&outcome), "{outcome}: {message}");
    assert!(c_text(questdb_outcome_name(outcome)).is_some());
    let doubts = questdb_error_in_doubt_attempts(e);
    assert!(doubts <= questdb_error_attempts(e));
    assert_eq!(questdb_error_in_doubt(e), doubts > 0 || matches!(outcome, 3 | 4));
    assert!(questdb_error_retry_after_millis(e) >= -1);
    assert!(questdb_error_http_status(e) <= 999);
    for text in
        [questdb_error_server_error_id(e), questdb_error_server_code(e), questdb_error_table(e)]
    {
        c_text(text).into_iter().for_each(assert_line);
    }
    // These values may be anything, but reading them must not crash.
    let _ =
        (questdb_error_retryable(e), questdb_error_row_accepted(e), questdb_error_server_line(e));
    let _ = (questdb_error_bytes_sent(e), questdb_error_elapsed_millis(e));
    let _ = questdb_error_earlier_rows_in_doubt(e);
    questdb_error_free(Some(error));
    true
}

//! HTTP/1.1: one request and its answer over a connection.

mod request;
mod response;

pub(crate) use request::{Incomplete, Request, RequestHead, exchange};
pub(crate) use response::{Answer, not_http};

//! What a real QuestDB does with what it is sent. These tests need the servers that `ci/setup` fetches.

/// Makes one test of each function per release that speaks every protocol version.
macro_rules! on_current_releases {
    ($($options:expr => $name:ident),* $(,)?) => {
        mod java17 {
            use questdb_ingress_testkit::questdb::{Options, Release, with_shared};
            $(#[test] fn $name() { with_shared(Release::Java17, $options, super::$name); })*
        }
        mod java25 {
            use questdb_ingress_testkit::questdb::{Options, Release, with_shared};
            $(#[test] fn $name() { with_shared(Release::Java25, $options, super::$name); })*
        }
    };
}

mod bounces;
mod crash;
mod decimals;
mod harness;
mod http_facts;
mod internal_errors;
mod old_releases;
mod random;
mod reading;
mod receiver;
mod refused;
mod replay;
mod roundtrip;
mod sender;
mod stored;
mod tcp_facts;

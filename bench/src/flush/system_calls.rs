//! System calls of a flush, seen by strace.

use std::process::{Command, Stdio};

use super::children::{BEGIN, END, this};
use super::clients::Who;
use super::report::{Better, Figures, Mark, Report};
use super::sink::Sink;

/// Returns all system calls of `flushes` flushes of `rows` rows of shape s1, in all threads, one line each as strace writes
/// them but without the process id. An error says why there are none.
pub fn trace(who: Who, conf: &str, rows: usize, flushes: usize) -> Result<Vec<String>, String> {
    let file = std::env::temp_dir().join(format!("flush-calls-{}", std::process::id()));
    let run = Command::new("strace")
        .args(["-f", "-s", "64", "-o"])
        .arg(&file)
        .arg(this())
        .args(["--flush-each", &who.to_string(), "s1", conf])
        .args([rows.to_string(), flushes.to_string()])
        .stderr(Stdio::null())
        .status();
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let _ = std::fs::remove_file(&file);
    match run {
        Err(e) => return Err(format!("strace cannot be started: {e}")),
        Ok(status) if !status.success() => return Err(format!("strace failed: {status}")),
        Ok(_) => {}
    }
    let calls = text.lines().filter_map(|line| line.trim_start().split_once(' '));
    let calls: Vec<(&str, &str)> = calls.map(|(thread, call)| (thread, call.trim())).collect();
    let place = |what: &str| {
        let found =
            calls.iter().position(|(_, call)| call.starts_with("write(2") && call.contains(what));
        found.ok_or_else(|| format!("no \"{what}\" among the system calls"))
    };
    let (begin, end) = (place(BEGIN)?, place(END)?);
    let flushing = calls[begin].0;
    // The end of a call that another thread interrupted, the end of a thread and a signal are no calls. A thread that was
    // started before, such as the one that resolved the name, may begin and end whenever it is given time.
    let is_call = |(thread, call): &&(&str, &str)| {
        !["<", "+", "-"].iter().any(|sign| call.starts_with(sign))
            && (*thread == flushing || !begins_or_ends_a_thread(call))
    };
    let seen = (begin + 1..end).filter(|at| is_call(&&calls[*at]));
    Ok(seen.map(|at| whole(&calls, at)).collect())
}

/// Returns a call together with its end, which strace writes later if another thread has made a call meanwhile.
fn whole(calls: &[(&str, &str)], at: usize) -> String {
    let (thread, call) = calls[at];
    let Some(begun) = call.strip_suffix("<unfinished ...>") else { return call.to_owned() };
    let later = calls[at + 1..].iter().filter(|(other, _)| *other == thread);
    let end =
        later.filter_map(|(_, end)| end.strip_prefix("<... ")?.split_once(" resumed>")).next();
    format!("{}{}", begun.trim_end(), end.map_or("", |(_, end)| end))
}

/// Returns whether a call is one of those with which the C library and std set up a thread and give its memory back.
fn begins_or_ends_a_thread(call: &str) -> bool {
    let name = call.split('(').next().unwrap_or_default();
    [
        "exit",
        "gettid",
        "madvise",
        "mmap",
        "mprotect",
        "munmap",
        "prctl",
        "rseq",
        "rt_sigprocmask",
        "sched_getaffinity",
        "set_robust_list",
        "sigaltstack",
    ]
    .contains(&name)
}

/// Counts the system calls of flushes.
pub fn count(report: &mut Report, sink: &Sink) {
    const FLUSHES: usize = 200;
    for (what, protocol, mark) in [
        ("one-row HTTP flush, system calls", "http", Mark::AtMost(3.0)),
        ("one-row TCP flush, system calls", "tcp", Mark::None),
    ] {
        let conf = sink.conf(protocol, 2);
        let each = |who| trace(who, &conf, 1, FLUSHES);
        match (each(Who::Ours), each(Who::Official), each(Who::Bare)) {
            (Ok(ours), Ok(official), Ok(bare)) => {
                let each = |calls: &[String]| calls.len() as f64 / FLUSHES as f64;
                let figures = Figures {
                    ours: each(&ours),
                    official: each(&official),
                    bare: Some(each(&bare)),
                };
                report.line(what, figures, Better::Less, mark);
                if protocol == "http" {
                    let threads = |calls: &[String]| {
                        let of_threads = calls.iter().filter(|call| starts_thread(call));
                        of_threads.count() as f64 / FLUSHES as f64
                    };
                    let figures = Figures {
                        ours: threads(&ours),
                        official: threads(&official),
                        bare: Some(threads(&bare)),
                    };
                    let what = "one-row HTTP flush, threads started";
                    report.line(what, figures, Better::Less, Mark::AtMost(0.0));
                }
            }
            (Err(why), ..) | (_, Err(why), _) | (.., Err(why)) => {
                println!("  {what}: not counted, {why}");
            }
        }
    }
}

/// Returns whether a call starts a thread or a process.
pub fn starts_thread(call: &str) -> bool {
    ["clone(", "clone3(", "fork(", "vfork("].iter().any(|name| call.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_was_interrupted_is_read_to_its_end() {
        let calls = [
            ("1", "sendmsg(3, {msg_iovlen=2}, MSG_NOSIGNAL <unfinished ...>"),
            ("2", "madvise(0, 1) <unfinished ...>"),
            ("2", "<... madvise resumed>) = 0"),
            ("1", "<... sendmsg resumed>) = 170"),
            ("1", "recvfrom(3) = 1"),
        ];
        assert_eq!(whole(&calls, 0), "sendmsg(3, {msg_iovlen=2}, MSG_NOSIGNAL) = 170");
        assert_eq!(whole(&calls, 4), "recvfrom(3) = 1");
    }
}

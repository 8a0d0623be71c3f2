//! Processes and folders that never outlive the tests, however those end.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, mpsc};

/// The options that Java 25 needs for a program that accesses its internals as QuestDB does.
const JAVA_25: [&str; 6] = [
    "--add-exports=java.base/jdk.internal.vm=io.questdb",
    "--sun-misc-unsafe-memory-access=allow",
    "--add-opens=java.base/java.lang=io.questdb",
    "--add-opens=java.base/java.lang.reflect=io.questdb",
    "--add-opens=java.base/java.nio=io.questdb",
    "--add-opens=java.base/java.time.zone=io.questdb",
];

/// Options that halve the time of a start: no second compiler, and no collector with threads of its own.
const QUICK: [&str; 3] = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData"];

/// Starts QuestDB with its data under `root`; its output is appended to `root/out`. A `quick` server writes its classes to
/// an archive when it is first terminated, and later ones read that archive, which halves the time of a start once more.
pub fn spawn_java(java: &Path, jar: &Path, root: &Path, quick: bool) -> Child {
    let out = File::options().create(true).append(true).open(root.join("out")).unwrap();
    let mut command = tied_to_us(java.as_os_str());
    command.args(["-Xms128m", "-Xmx512m"]);
    if quick {
        let archive = root.join("classes.jsa");
        let use_it = if archive.exists() { "SharedArchiveFile" } else { "ArchiveClassesAtExit" };
        command.args(QUICK).arg(format!("-XX:{use_it}={}", archive.display()));
    }
    if Path::new(jar).file_name().is_some_and(|n| n.to_string_lossy().contains("questdb-1")) {
        command.args(JAVA_25).arg("--enable-native-access=io.questdb");
    }
    command
        .arg(format!("-Djava.io.tmpdir={}", root.join("tmp").display()))
        .arg("-p")
        .arg(jar)
        .args(["-m", "io.questdb/io.questdb.ServerMain", "-d"])
        .arg(root.join("data"))
        .stdin(Stdio::null())
        .stdout(out.try_clone().unwrap())
        .stderr(out);
    spawn(command)
}

/// Creates a command that the kernel kills when this process ends, even if a signal ends it.
pub fn tied_to_us(program: &std::ffi::OsStr) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Starts a command from a thread that lives as long as the process. The kernel sends the death signal when the *thread*
/// that started a child ends, and a test's thread ends with its test.
pub fn spawn(command: Command) -> Child {
    type Request = (Command, mpsc::Sender<std::io::Result<Child>>);
    static KEEPER: OnceLock<Mutex<mpsc::Sender<Request>>> = OnceLock::new();
    let keeper = KEEPER.get_or_init(|| {
        let (requests, inbox) = mpsc::channel::<Request>();
        std::thread::spawn(move || {
            for (mut command, reply) in inbox {
                let _ = reply.send(command.spawn());
            }
        });
        Mutex::new(requests)
    });
    let (reply, answer) = mpsc::channel();
    let what = format!("{command:?}");
    keeper.lock().unwrap().send((command, reply)).unwrap();
    answer.recv().unwrap().unwrap_or_else(|e| panic!("cannot start {what}: {e}"))
}

/// Sends SIGTERM.
pub fn ask_to_end(child: &Child) {
    let status = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(status.success(), "kill: {status}");
}

/// Returns ports that were free a moment ago. They are below those that the kernel gives to outgoing connections: there a
/// client that retries could take the port of a server that restarts, or even connect to itself.
pub fn free_ports<const N: usize>() -> [u16; N] {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 10_000).unwrap_or(0);
    [(); N].map(|()| {
        loop {
            let offset = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
            let port = 20_000 + offset % 12_000;
            if TcpListener::bind(("127.0.0.1", port)).is_ok() {
                return port;
            }
        }
    })
}

/// A folder under the build folder, which is removed when this is dropped, or by a later run if this one was killed.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn create() -> Scratch {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let base = &crate::scratch_folder();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        if count == 0 {
            remove_leftovers(base);
        }
        let path = base.join(format!("server-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Shared servers are never dropped, so their folders remain when the process ends.
fn remove_leftovers(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|n| n.strip_prefix("server-")?.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

//! Running `omp`, and a server of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A folder with a database of its own: a file, or, when the environment names
/// a PostgreSQL server for tests, a schema there.
pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    /// The address of the database that is no file.
    pub(crate) database: Option<String>,
}

/// What a run gave.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {} {}", self.out, self.err))
    }

    /// Status, output and talk with what differs between runs put out of sight.
    pub(crate) fn shown(&self, home: &Home) -> String {
        let text = format!("status {}\n--- out\n{}--- err\n{}", self.code, self.out, self.err);
        let text = text.replace(&home.folder.path().display().to_string(), "<home>");
        let mut words: Vec<String> = Vec::new();
        for line in text.split('\n') {
            let shown = line.split(' ').map(|word| {
                if let Some(at) = word.find("mem_").filter(|at| word.len() >= at + 20) {
                    return format!("{}<id>{}", &word[..at], &word[at + 20..]);
                }
                let date = word.len() == 10 && word.as_bytes()[4] == b'-' && word.starts_with("20");
                if date { "<date>".to_owned() } else { word.to_owned() }
            });
            words.push(shown.collect::<Vec<_>>().join(" "));
        }
        words.join("\n")
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        let database = runtime().block_on(omp_store::conformance::databases::fresh());
        Self { folder: tempfile::tempdir().unwrap(), database }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omp"));
        command.args(args).current_dir(self.folder.path());
        for name in [
            "OMP_SERVER",
            "OMP_DATABASE_URL",
            "OMP_MIGRATE_FROM",
            "OMP_MIGRATE_TO",
            "OMP_API_KEY",
            "OMP_PORT",
            "PORT",
            "OMP_HOST",
            "OMP_LOG",
            "EDITOR",
            "VISUAL",
            "OMP_EMBEDDING_PROVIDER",
            "OMP_INDEX_MB",
            "OMP_SECRETS",
            "OMP_PASSPHRASE",
            "OMP_DB_PASSPHRASE",
            "OMP_DB_PASSPHRASE_FILE",
            "OMP_AI_PROVIDER",
            "OMP_AI_API_KEY",
            "OMP_AI_BASE_URL",
            "OMP_AI_MODEL",
            "OMP_AI_TOKEN_BUDGET",
            "OMP_AI_TIMEOUT",
            "OMP_BEHIND_TLS",
            "OMP_CORS_ORIGINS",
            "OMP_RATE_LIMIT",
            "OMP_TRUSTED_PROXIES",
            "OMP_TLS_CERT",
            "OMP_TLS_KEY",
            "OMP_LOG_FORMAT",
            "OMP_KEEP_AUDIT",
            "OMP_METRICS_LISTEN",
            "OMP_DRAIN",
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "CODEX_HOME",
            "CLAUDE_CONFIG_DIR",
        ] {
            command.env_remove(name);
        }
        command.env("HOME", self.folder.path());
        match &self.database {
            Some(url) => command.env("OMP_DATABASE_URL", url),
            None => command.env("OMP_DB_PATH", self.path("memory.db")),
        };
        command.env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }

    pub(crate) fn omp(&self, args: &[&str]) -> Run {
        run(&mut self.command(args))
    }

    /// Runs a command that must succeed.
    pub(crate) fn ok(&self, args: &[&str]) -> Run {
        let run = self.omp(args);
        assert_eq!(run.code, 0, "{args:?}: {} {}", run.out, run.err);
        run
    }

    pub(crate) fn with_input(&self, args: &[&str], input: &str) -> Run {
        self.with_input_in(".", args, input)
    }

    /// A folder with a git repository in it.
    pub(crate) fn repository(&self, name: &str) -> PathBuf {
        std::fs::create_dir_all(self.path(name).join(".git")).unwrap();
        self.path(name)
    }

    /// Runs a command that must succeed, in a folder below.
    pub(crate) fn ok_in(&self, folder: &str, args: &[&str]) -> Run {
        let run = run(self.command(args).current_dir(self.path(folder)));
        assert_eq!(run.code, 0, "{args:?}: {} {}", run.out, run.err);
        run
    }

    pub(crate) fn with_input_in(&self, folder: &str, args: &[&str], input: &str) -> Run {
        let mut child = self
            .command(args)
            .current_dir(self.path(folder))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        finished(&child.wait_with_output().unwrap())
    }

    /// Starts a server on a free port and waits until it says where it is.
    pub(crate) fn serve(&self, key: Option<&str>) -> Server {
        let mut command = self.command(&["serve", "--port", "0"]);
        if let Some(key) = key {
            command.env("OMP_API_KEY", key);
        }
        Server::start(command)
    }
}

/// Where a test that does not wait otherwise waits for a database.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

pub(crate) fn run(command: &mut Command) -> Run {
    finished(&command.output().unwrap())
}

fn finished(output: &Output) -> Run {
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A server that is killed when it goes out of scope.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start(mut command: Command) -> Self {
        Self::wait_for(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Waits until a server whose output is piped says where it is.
    pub(crate) fn wait_for(mut child: Child) -> Self {
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        assert!(url.starts_with("http"), "the server did not start: {url}");
        Self { child, url: url.trim().to_owned() }
    }

    fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// One request over a connection of its own: status, head and body. `Err` when the connection breaks.
    pub(crate) fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<(u16, String, Vec<u8>)> {
        let mut stream = TcpStream::connect(self.address())?;
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end =
            answer.windows(4).position(|w| w == b"\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status =
            head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or(std::io::ErrorKind::InvalidData)?;
        let mut body = answer[end + 4..].to_vec();
        if head.to_lowercase().contains("transfer-encoding: chunked") {
            body = unchunked(&body).ok_or(std::io::ErrorKind::UnexpectedEof)?;
        }
        Ok((status, head, body))
    }

    /// A JSON request that must be answered.
    pub(crate) fn json(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let text = body.to_string();
        let body: &[u8] = if body.is_null() { b"" } else { text.as_bytes() };
        let (status, _, body) =
            self.call(method, path, &[("content-type", "application/json")], body).unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// SIGTERM, and the exit status.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) -> Option<i32> {
        let status = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|w| w == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(body.get(end + 2..end + 2 + size)?);
        body = body.get(end + 4 + size..)?;
    }
}

impl Home {
    /// All that is stored: the bytes of the file, or every row of the database.
    pub(crate) fn stored(&self) -> Vec<u8> {
        match &self.database {
            None => std::fs::read(self.path("memory.db")).unwrap(),
            Some(url) => runtime().block_on(omp_store::conformance::databases::everything(url)).into_bytes(),
        }
    }

    /// The whole database is sound.
    pub(crate) fn assert_sound(&self) {
        self.ok(&["doctor", "--json"]);
    }
}

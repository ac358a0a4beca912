//! Somebody who looks on at a run through its socket, line by line, as a script would.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::place::Place;

/// How long a visitor waits, at most: far longer than it takes, for the sake of busy machines.
const PATIENCE: Duration = Duration::from_secs(60);

/// A visitor that has been greeted.
pub struct Visitor {
    reader: BufReader<UnixStream>,
    pub greeting: Value,
}

/// The socket of a run.
pub fn socket(place: &Place, run: &str) -> PathBuf {
    place.path("runs").join(run).join("control.sock")
}

/// A connection to whoever trains this run, once somebody does.
pub fn connect(place: &Place, run: &str) -> UnixStream {
    let path = socket(place, run);
    let end = Instant::now() + PATIENCE;
    loop {
        match UnixStream::connect(&path) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE)).expect("it is a time");
                stream.set_write_timeout(Some(PATIENCE)).expect("it is a time");
                return stream;
            }
            Err(error) => assert!(Instant::now() < end, "nobody opens: {error}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Every line that still comes, until the other side hangs up.
pub fn rest(reader: &mut impl Read) -> Vec<Value> {
    let mut bytes = Vec::new();
    match reader.read_to_end(&mut bytes) {
        Ok(_) => {}
        // It hung up without reading all that it was sent.
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    lines(&bytes)
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).expect("each line is JSON")).collect()
}

impl Visitor {
    /// Comes in, as soon as somebody trains this run.
    pub fn of(place: &Place, run: &str) -> Self {
        let mut visitor = Self { reader: BufReader::new(connect(place, run)), greeting: Value::Null };
        visitor.greeting = visitor.next().expect("it is greeted");
        visitor
    }

    /// The next line that says something; `None`: there is no more.
    pub fn next(&mut self) -> Option<Value> {
        loop {
            let mut line = String::new();
            match self.reader.read_line(&mut line) {
                Ok(0) => return None,
                Ok(_) if line == "\n" => {}
                Ok(_) => return Some(serde_json::from_str(&line).expect("each line is JSON")),
                Err(error) => panic!("nothing comes: {error}"),
            }
        }
    }

    /// The next report that is wanted.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let report = self.next().unwrap_or_else(|| panic!("{what}: the other side hung up"));
            if wanted(&report) {
                return report;
            }
        }
    }

    /// The next report of this kind.
    pub fn until_report(&mut self, kind: &str) -> Value {
        self.until(kind, |report| report["report"] == kind)
    }

    /// Waits until it hears of a step that is trained after now.
    pub fn assert_is_told_more(&mut self) {
        // What waits is older.
        let step = self.until_report("batch")["step"].as_u64();
        self.until("a later step", |report| report["report"] == "batch" && report["step"].as_u64() > step);
    }

    pub fn send(&mut self, line: &str) {
        self.reader.get_mut().write_all(format!("{line}\n").as_bytes()).expect("the other side reads");
    }
}

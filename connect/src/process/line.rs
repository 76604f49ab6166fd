//! The line between a process and the one that started it: one report goes up, and its end tells each that the other is gone.

use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;

use serde::{Deserialize, Serialize};
use tokio::net::UnixStream;

use super::ProcessError;

/// What a process says to the one that started it, in a line of JSON.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Report {
    /// It accepts connections at this URL.
    Serves(String),
    /// It ends, since it cannot.
    Failed(ProcessError),
}

/// An end of the line.
#[derive(Debug)]
pub(super) struct Line(UnixStream);

impl Line {
    /// Takes the stream, inside a runtime.
    pub(super) fn new(stream: StdUnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        UnixStream::from_std(stream).map(Self)
    }

    /// Says it to the other end; whether that is there to hear it.
    pub(super) async fn tell(&self, report: &Report) -> bool {
        let Ok(mut text) = serde_json::to_vec(report) else { return false };
        text.push(b'\n');
        let mut rest = text.as_slice();
        while !rest.is_empty() {
            if self.0.writable().await.is_err() {
                return false;
            }
            match self.0.try_write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// What the other end says; nothing if it ends first.
    pub(super) async fn report(&self) -> Option<Report> {
        let mut text = Vec::new();
        while !text.ends_with(b"\n") {
            text.push(self.byte().await?);
        }
        serde_json::from_slice(&text).ok()
    }

    /// Resolves when the other end is closed.
    pub(super) async fn hung_up(&self) {
        while self.byte().await.is_some() {}
    }

    async fn byte(&self) -> Option<u8> {
        let mut byte = [0];
        while self.0.readable().await.is_ok() {
            match self.0.try_read(&mut byte) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(1) => return Some(byte[0]),
                _ => return None,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::Fault;
    use super::*;

    fn ends() -> (Line, Line) {
        let (one, other) = StdUnixStream::pair().unwrap();
        (Line::new(one).unwrap(), Line::new(other).unwrap())
    }

    #[tokio::test]
    async fn a_report_arrives_as_it_was_said() {
        for report in [
            Report::Serves("sc://127.0.0.1:15002".into()),
            Report::Failed(ProcessError { fault: Fault::System, message: "two\nlines".into() }),
        ] {
            let (one, other) = ends();
            assert!(one.tell(&report).await);
            assert_eq!(other.report().await, Some(report));
        }
    }

    #[tokio::test]
    async fn the_end_of_the_line_is_no_report() {
        let (one, other) = ends();
        drop(one);
        assert_eq!(other.report().await, None);
        other.hung_up().await;
    }

    #[tokio::test]
    async fn nobody_hears_what_is_said_to_nobody() {
        let (one, other) = ends();
        drop(other);
        assert!(!one.tell(&Report::Serves(String::new())).await);
    }
}

//! The last part of what a runner writes to stderr, kept in bounded memory however much it writes.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How much of stderr is kept.
const KEPT: usize = 16 * 1024;

#[derive(Debug, Default)]
struct Buffer {
    bytes: VecDeque<u8>,
    dropped: u64,
    closed: bool,
}

/// A handle to the tail that a thread of its own keeps filling.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail(Arc<Mutex<Buffer>>);

impl Tail {
    /// Drains `source` until it ends. What it says goes to `echo`, too.
    pub(crate) fn drain(
        mut source: impl Read + Send + 'static,
        mut echo: impl Write + Send + 'static,
    ) -> std::io::Result<Self> {
        let tail = Self::default();
        let filled = tail.clone();
        thread::Builder::new().name("stderr".into()).spawn(move || {
            let mut chunk = vec![0; 64 * 1024];
            // An error of the pipe ends the tail as its end does: the exit status says more than it would.
            while let Ok(count @ 1..) = source.read(&mut chunk) {
                filled.push(&chunk[..count]);
                // Who stopped reading our stderr misses nothing that a report needs.
                let _ = echo.write_all(&chunk[..count]);
            }
            filled.lock().closed = true;
        })?;
        Ok(tail)
    }

    /// Forgets what came so far, so that the tail belongs to the case that starts now.
    pub(crate) fn clear(&self) {
        let mut buffer = self.lock();
        buffer.bytes.clear();
        buffer.dropped = 0;
    }

    /// The text of the tail of a process that has ended; waits a moment for what is still in the pipe.
    pub(crate) fn text_at_end(&self) -> String {
        for _ in 0..40 {
            if self.lock().closed {
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.text()
    }

    fn text(&self) -> String {
        let buffer = self.lock();
        let (head, rest) = buffer.bytes.as_slices();
        let kept = [head, rest].concat();
        let text = String::from_utf8_lossy(&kept);
        let text = text.trim_end();
        match buffer.dropped {
            0 => text.to_owned(),
            dropped => {
                // The first line is most likely cut in two.
                let whole = text.split_once('\n').map_or(text, |(_, rest)| rest);
                format!("({dropped} bytes before this are not shown)\n{whole}")
            }
        }
    }

    fn push(&self, chunk: &[u8]) {
        let mut buffer = self.lock();
        buffer.bytes.extend(chunk);
        let surplus = buffer.bytes.len().saturating_sub(KEPT);
        buffer.bytes.drain(..surplus);
        buffer.dropped += surplus as u64;
    }

    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::io::Cursor;

    use super::*;

    #[test]
    fn the_end_of_the_text_is_kept() {
        let mut text = "noise\n".repeat(1_000_000);
        text.push_str("the last words\n");
        let tail = Tail::drain(Cursor::new(text), std::io::sink()).unwrap();
        while !tail.lock().closed {
            thread::yield_now();
        }
        let text = tail.text_at_end();
        assert!(text.starts_with("(5983631 bytes before this are not shown)\nnoise\n"), "{}", &text[..80]);
        assert!(text.ends_with("noise\nthe last words"));
        assert!(text.len() <= KEPT + 64);
    }

    #[test]
    fn a_cleared_tail_is_empty() {
        let tail = Tail::default();
        tail.push(&[b'x'; KEPT * 2]);
        tail.clear();
        tail.push(b"fresh \xff");
        assert_eq!(tail.text(), "fresh \u{fffd}");
    }
}

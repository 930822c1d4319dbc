//! Output kept within bounds: the beginning and the end, with a mark where the middle was dropped.

use std::collections::VecDeque;

/// Collects a stream of bytes, keeping at most a given number of them.
#[derive(Debug)]
pub struct BoundedOutput {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    half: usize,
    dropped: u64,
}

impl BoundedOutput {
    /// Keeps at most `limit` bytes: half from the beginning, half from the end.
    pub fn new(limit: usize) -> Self {
        BoundedOutput { head: Vec::new(), tail: VecDeque::new(), half: limit / 2, dropped: 0 }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = self.half - self.head.len();
        let (head, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(head);
        let skipped = rest.len().saturating_sub(self.half);
        let rest = &rest[skipped..];
        let overflow = (self.tail.len() + rest.len()).saturating_sub(self.half);
        self.tail.drain(..overflow);
        self.tail.extend(rest);
        self.dropped += (skipped + overflow) as u64;
    }

    /// How many bytes were dropped from the middle.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// What was kept, with a line of its own where bytes are missing.
    pub fn bytes(&self) -> Vec<u8> {
        let mut kept = self.head.clone();
        if self.dropped > 0 {
            kept.extend_from_slice(format!("\n[heal: {} bytes left out]\n", self.dropped).as_bytes());
        }
        kept.extend(&self.tail);
        kept
    }

    /// What was kept as text; bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_output_is_kept_whole() {
        let mut output = BoundedOutput::new(8);
        output.push(b"abc");
        output.push(b"def");
        assert_eq!((output.text().as_str(), output.dropped()), ("abcdef", 0));
    }

    #[test]
    fn the_middle_of_long_output_is_dropped() {
        let mut output = BoundedOutput::new(4);
        output.push(b"ab");
        output.push(b"cdefgh");
        output.push(b"i");
        assert_eq!(output.text(), "ab\n[heal: 5 bytes left out]\nhi");
    }
}

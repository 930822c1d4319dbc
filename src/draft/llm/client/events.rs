//! A stream of server-sent events, cut into the data of its events.
//!
//! In: bytes as they come. Out: the data of whole events; comments (`: keep-alive`), names and ids of events are
//! dropped, line ends are of any kind, several `data:` lines of an event are joined.

/// Collects bytes until events are whole.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    data: Option<String>,
}

impl Events {
    /// The data of the events that these bytes complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut whole = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            match part.strip_suffix(b"\n") {
                Some(end) => {
                    self.line.extend_from_slice(end);
                    whole.extend(self.end_line());
                }
                None => self.line.extend_from_slice(part),
            }
        }
        whole
    }

    /// The data of an event that the end of the stream completes.
    pub fn finish(&mut self) -> Option<String> {
        let last = self.end_line();
        last.or_else(|| self.data.take())
    }

    fn end_line(&mut self) -> Option<String> {
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim_start_matches('\u{feff}').trim_end_matches('\r');
        if line.is_empty() {
            return self.data.take();
        }
        if let Some(value) = line.strip_prefix("data:") {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_events(stream: &str, expected: &[&str]) {
        for size in [1, 2, 7, stream.len()] {
            let mut events = Events::default();
            let mut all: Vec<String> = stream.as_bytes().chunks(size).flat_map(|bytes| events.push(bytes)).collect();
            all.extend(events.finish());
            assert_eq!(all, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn events_come_out_whole_however_they_arrive() {
        check_events("data: {\"a\":1}\n\ndata: [DONE]\n\n", &["{\"a\":1}", "[DONE]"]);
        check_events(": ping\r\n\r\nevent: message\r\nid: 7\r\ndata:{}\r\n\r\n", &["{}"]);
        check_events("data: {\ndata: }\n\n", &["{\n}"]);
        check_events("data: größe", &["größe"]);
        check_events("\n\n: nothing\n\n", &[]);
    }
}

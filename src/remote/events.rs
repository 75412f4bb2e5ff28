//! Server-sent events, read one after another.

use super::Pieces;
use http_body_util::BodyExt as _;
use std::{collections::VecDeque, io};

/// Longest line of a stream: a log line is 256 KB, and JSON may escape each of its bytes sixfold.
const LONGEST_LINE: usize = 2 * 1024 * 1024;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerEvent {
    /// What kind; `message` if the server did not say.
    pub name: String,
    /// What to give back as `Last-Event-ID` to go on behind it.
    pub id: Option<String>,
    /// What it says.
    pub data: String,
}

/// Reads the events of an answer.
pub struct EventStream {
    body: Pieces,
    reader: Reader,
    ready: VecDeque<ServerEvent>,
}

impl EventStream {
    /// The events in this body.
    #[must_use]
    pub fn of(body: Pieces) -> Self {
        Self { body, reader: Reader::default(), ready: VecDeque::new() }
    }

    /// The next event, or nothing at the end of the stream.
    ///
    /// # Errors
    /// The stream broke off, or is none of events.
    pub async fn next(&mut self) -> io::Result<Option<ServerEvent>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            if let Ok(piece) = frame?.into_data() {
                self.ready.extend(self.reader.piece(&piece)?);
            }
        }
    }
}

/// Puts pieces together to lines and lines to events.
#[derive(Debug, Default)]
struct Reader {
    line: Vec<u8>,
    event: ServerEvent,
    has_data: bool,
}

impl Reader {
    fn piece(&mut self, piece: &[u8]) -> io::Result<Vec<ServerEvent>> {
        let mut events = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.len() > LONGEST_LINE {
                return Err(io::Error::other("a line of the stream is too long"));
            }
            if self.line.pop_if(|byte| *byte == b'\n').is_some() {
                let line = String::from_utf8(std::mem::take(&mut self.line));
                events.extend(self.line(line.map_err(io::Error::other)?.trim_end_matches('\r')));
            }
        }
        Ok(events)
    }

    /// Takes one line; the empty one ends an event.
    fn line(&mut self, line: &str) -> Option<ServerEvent> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "id" => self.event.id = Some(value.to_owned()),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            // A comment, which shows that the server lives, or what this reader needs not.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_however_the_stream_is_cut() {
        let text = "event: line\nid: a:12\ndata: {\"n\":1}\n\n: alive\n\nevent: end\r\ndata: one\r\ndata: two\r\n\r\nid: 3\n\n";
        let wanted = [
            ServerEvent { name: "line".into(), id: Some("a:12".into()), data: "{\"n\":1}".into() },
            ServerEvent { name: "end".into(), id: None, data: "one\ntwo".into() },
        ];
        for size in 1..text.len() {
            let mut reader = Reader::default();
            let pieces = text.as_bytes().chunks(size);
            let events: Vec<_> = pieces.flat_map(|piece| reader.piece(piece).unwrap()).collect();
            assert_eq!(events, wanted, "pieces of {size}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut reader = Reader::default();
        let endless = vec![b'x'; LONGEST_LINE / 2];
        reader.piece(&endless).unwrap();
        reader.piece(&endless).unwrap();
        assert!(reader.piece(&endless).is_err());
    }
}

//! Lines as JSON text: what serde makes of a `LogLine`, byte for byte, without its price.
//!
//! Every line of a log begins with the same run and stage, and most share their second with the line above.

use super::Level;
use crate::ids::{RunId, StageName};
use jiff::Timestamp;
use std::io::{self, Write as _};

/// Writes the lines of one stage's log.
#[derive(Debug)]
pub(super) struct LineText {
    /// Up to and with `"seq":`.
    head: String,
    second: Option<i64>,
    /// `second` as text, without the `Z`.
    second_text: String,
}

/// What one line does not share with the others.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    pub(super) seq: u64,
    pub(super) level: Level,
    pub(super) time: Timestamp,
    pub(super) message: &'a str,
}

impl LineText {
    /// A writer of one stage's lines.
    pub(super) fn of(run: &RunId, stage: &StageName) -> Self {
        let head =
            format!("{{\"run\":\"{}\",\"stage\":\"{}\",\"seq\":", run.as_str(), stage.as_str());
        Self { head, second: None, second_text: String::new() }
    }

    /// Appends a line and a line end to `text`.
    pub(super) fn write(&mut self, line: &Fields<'_>, text: &mut Vec<u8>) -> io::Result<()> {
        text.extend_from_slice(self.head.as_bytes());
        write!(text, "{}", line.seq)?;
        text.extend_from_slice(b",\"level\":\"");
        text.extend_from_slice(line.level.name().as_bytes());
        text.extend_from_slice(b"\",\"time\":\"");
        self.write_time(line.time, text);
        text.extend_from_slice(b"\",\"message\":");
        serde_json::to_writer(&mut *text, line.message)?;
        text.extend_from_slice(b"}\n");
        Ok(())
    }

    fn write_time(&mut self, time: Timestamp, text: &mut Vec<u8>) {
        let (second, nanosecond) = (time.as_second(), time.subsec_nanosecond());
        let Some(nanosecond) = u32::try_from(nanosecond).ok().filter(|_| second >= 0) else {
            // Before 1970 seconds and fractions count in different directions.
            text.extend_from_slice(time.to_string().as_bytes());
            return;
        };
        if self.second != Some(second) {
            let whole = time.to_string();
            let end = whole.find(['.', 'Z']).unwrap_or(whole.len());
            whole[..end].clone_into(&mut self.second_text);
            self.second = Some(second);
        }
        text.extend_from_slice(self.second_text.as_bytes());
        if nanosecond > 0 {
            let mut digits = [b'0'; 9];
            let mut rest = nanosecond;
            for digit in digits.iter_mut().rev() {
                *digit += (rest % 10) as u8;
                rest /= 10;
            }
            let end = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |at| at + 1);
            text.push(b'.');
            text.extend_from_slice(&digits[..end]);
        }
        text.push(b'Z');
    }
}

#[cfg(test)]
mod tests {
    use super::super::LogLine;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_are_written_as_serde_writes_them(
            lines in proptest::collection::vec((
                1..u64::MAX, -3_i64..4, 0..1_000_000_000_i32, 0..4_usize, "\\PC*|[\\x00-\\x7f]*",
            ), 1..8),
            base in prop_oneof![Just(0_i64), 1_700_000_000_i64..1_700_000_010],
        ) {
            let (run, stage): (RunId, StageName) =
                ("01234567-89ab-7def-8123-456789abcdef".parse().unwrap(), "train".parse().unwrap());
            let mut writer = LineText::of(&run, &stage);
            let (mut written, mut expected) = <(Vec<u8>, Vec<u8>)>::default();
            for (seq, offset, nanosecond, level, message) in lines {
                let levels = [Level::Debug, Level::Info, Level::Warning, Level::Error];
                let nanosecond = if offset == 0 { 0 } else { nanosecond / 1000 * 1000 };
                let time = Timestamp::new(base, nanosecond).unwrap() + jiff::SignedDuration::from_secs(offset);
                let level = levels[level];
                writer.write(&Fields { seq, level, time, message: &message }, &mut written).unwrap();
                let line = LogLine { run: run.clone(), stage: stage.clone(), seq, level, time, message };
                serde_json::to_writer(&mut expected, &line).unwrap();
                expected.push(b'\n');
            }
            prop_assert_eq!(String::from_utf8(written).unwrap(), String::from_utf8(expected).unwrap());
        }
    }
}

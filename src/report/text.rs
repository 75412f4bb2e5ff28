//! Texts within GitHub's lengths, quoted so that nothing in them is taken for markup.

/// `text` in at most `most` characters; what is cut off is marked.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// `text` on one line in at most `most` characters.
pub(super) fn line(text: &str, most: usize) -> String {
    cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), most)
}

/// `text` as a block that is shown as it stands, in at most `most` characters; lines are cut off whole, and `pointer`
/// says where the rest is.
pub(super) fn block(text: &str, most: usize, pointer: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let frame = 2 * fence.len() + pointer.chars().count() + 8;
    let room = most.saturating_sub(frame);
    if text.chars().count() <= room {
        return format!("{fence}text\n{}\n{fence}\n", text.trim_end());
    }
    let mut kept = String::new();
    let mut left = room;
    for line in text.lines() {
        let length = line.chars().count() + 1;
        if length > left {
            break;
        }
        left -= length;
        kept.push_str(line);
        kept.push('\n');
    }
    format!("{fence}text\n{kept}{fence}\n{pointer}\n")
}

/// `text` with every character that is not seen, or turns around what is, as its number.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let is_hidden = match character {
            '\n' | '\t' => false,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => true,
            '\u{2060}'..='\u{206f}' | '\u{feff}' => true,
            other => other.is_control(),
        };
        if is_hidden {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_loses_whole_lines_and_says_so() {
        let text = "äöü 123\n".repeat(100);
        let shown = block(&text, 200, "The rest: agent show.");
        assert!(
            shown.chars().count() <= 200
                && shown.contains("The rest")
                && shown.starts_with("```text\n")
        );
        assert!(shown.lines().filter(|line| line.starts_with('ä')).all(|line| line == "äöü 123"));
        assert_eq!(block("short", 200, "x"), "```text\nshort\n```\n");
    }

    #[test]
    fn no_text_can_leave_its_block() {
        let shown = block("a\n````\n@everyone", 500, "");
        assert!(shown.starts_with("`````text\n") && shown.trim_end().ends_with("\n`````"));
    }

    #[test]
    fn nothing_hides_in_a_text() {
        let shown = visible("a\u{202e}b\r\u{1b}[1m\tc\n\u{200b}");
        assert_eq!(shown, "a\\u{202e}b\\u{d}\\u{1b}[1m\tc\n\\u{200b}");
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line("a\n b\tc", 10), "a b c");
        assert_eq!(line("abcdef", 4), "abc…");
    }
}

//! Scripts of the shell, as they are written: what their parts are, and whether all that is opened is closed. The grammar is
//! that of POSIX and bash as far as quotes, variables, comments and here-documents go; a script that only the shell itself could
//! find fault with has none here.

use std::ops::Range;

use crate::nodes::written::{Wrong, line_and_column};

/// What a part of a script is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShellPart {
    Plain,
    /// A word of the shell where a command may stand: `if`, `done`.
    Keyword,
    /// A variable.
    Variable,
    /// A text in quotes, or a here-document.
    Text,
    Comment,
    /// A sign that begins or ends a command or a variable within something else.
    Mark,
}

/// Words of the shell, behind which a command may stand.
const BEFORE_COMMANDS: [&str; 11] = ["if", "then", "else", "elif", "while", "until", "do", "{", "!", "time", "[["];

/// Words of the shell, behind which none does.
const OTHERS: [&str; 10] = ["fi", "done", "esac", "for", "case", "select", "function", "}", "]]", "in"];

/// What is open at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// `"`
    Double,
    /// `` ` ``
    Back,
    /// `$(`
    Command,
    /// `(` inside of that.
    Paren,
    /// `$((` or `((`
    Arithmetic,
    /// `(` inside of that.
    Bracket,
    /// `${`, inside of double quotes or not: there a single quote is one like any other sign.
    Brace { in_double: bool },
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    parts: Vec<(Range<usize>, ShellPart)>,
    /// What is open, with where it was opened.
    open: Vec<(Within, usize)>,
    /// Here-documents that begin behind this line: their last lines, and whether these may be set in by tabs.
    documents: Vec<(String, bool)>,
    /// Whether a command may stand here.
    before_command: bool,
    /// Whether an `in` is awaited.
    before_in: bool,
    /// Where a quote was opened that nothing closes.
    unclosed: Option<usize>,
}

/// Returns the parts of a script in order: none is empty, and together they are the whole text.
pub(crate) fn shell_parts(text: &str) -> Vec<(Range<usize>, ShellPart)> {
    lexed(text).parts
}

/// Returns what is not closed in a script, if anything.
pub(in crate::nodes) fn wrong_in_script(text: &str) -> Option<Wrong> {
    let lexer = lexed(text);
    let start = lexer.unclosed.or_else(|| lexer.open.last().map(|(_, start)| *start))?;
    let (line, column) = line_and_column(text, start);
    let rest = &text[start..];
    let sign = ["$((", "((", "$(", "${", "$'"].into_iter().find(|sign| rest.starts_with(sign)).unwrap_or(&rest[..1]);
    let end = start + rest.find('\n').unwrap_or(rest.len());
    let message = format!("line {line}, column {column}: {sign} is opened here and not closed");
    Some(Wrong { message, range: Some(start..end) })
}

fn lexed(text: &str) -> Lexer<'_> {
    let mut lexer = Lexer {
        text,
        at: 0,
        parts: Vec::new(),
        open: Vec::new(),
        documents: Vec::new(),
        before_command: true,
        before_in: false,
        unclosed: None,
    };
    while let Some(char) = lexer.rest().chars().next() {
        match lexer.open.last().map(|(within, _)| *within) {
            Some(Within::Double) => lexer.in_double(char),
            Some(Within::Brace { in_double }) => lexer.in_brace(char, in_double),
            Some(Within::Arithmetic | Within::Bracket) => lexer.in_arithmetic(char),
            within => lexer.in_commands(char, within),
        }
    }
    lexer
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Takes so many bytes as a part; neighbours of one kind are joined.
    fn take(&mut self, length: usize, part: ShellPart) {
        let range = self.at..self.at + length;
        self.at = range.end;
        match self.parts.last_mut() {
            Some((last, known)) if *known == part => last.end = range.end,
            _ if length > 0 => self.parts.push((range, part)),
            _ => {}
        }
    }

    /// Takes what opens something.
    fn open(&mut self, length: usize, part: ShellPart, within: Within) {
        self.open.push((within, self.at));
        self.take(length, part);
    }

    fn close(&mut self, part: ShellPart) {
        self.open.pop();
        self.take(1, part);
    }

    /// Returns the length of a sign behind a backslash, with that.
    fn escaped(&self) -> usize {
        1 + self.rest()[1..].chars().next().map_or(0, char::len_utf8)
    }

    fn in_double(&mut self, char: char) {
        match char {
            '"' => self.close(ShellPart::Text),
            '\\' => self.take(self.escaped(), ShellPart::Text),
            '`' => self.open(1, ShellPart::Mark, Within::Back),
            '$' => self.dollar(ShellPart::Text, true),
            _ => {
                let length = self.rest().find(['"', '\\', '`', '$']).unwrap_or_else(|| self.rest().len());
                self.take(length, ShellPart::Text);
            }
        }
    }

    fn in_brace(&mut self, char: char, in_double: bool) {
        match char {
            '}' => self.close(ShellPart::Mark),
            '"' => self.open(1, ShellPart::Text, Within::Double),
            '\'' if !in_double => self.single(1),
            '\\' => self.take(self.escaped(), ShellPart::Text),
            '`' => self.open(1, ShellPart::Mark, Within::Back),
            '$' => self.dollar(ShellPart::Variable, in_double),
            char => self.take(char.len_utf8(), ShellPart::Variable),
        }
    }

    /// In a calculation `<<` is a sign like any other, and so is `#`.
    fn in_arithmetic(&mut self, char: char) {
        let is_outermost = matches!(self.open.last(), Some((Within::Arithmetic, _)));
        match char {
            ')' if is_outermost && self.rest().starts_with("))") => {
                self.open.pop();
                self.take(2, ShellPart::Mark);
            }
            ')' => self.close(ShellPart::Plain),
            '(' => self.open(1, ShellPart::Plain, Within::Bracket),
            '"' => self.open(1, ShellPart::Text, Within::Double),
            '\\' => self.take(self.escaped(), ShellPart::Plain),
            '`' => self.open(1, ShellPart::Mark, Within::Back),
            '$' => self.dollar(ShellPart::Plain, false),
            char => self.take(char.len_utf8(), ShellPart::Plain),
        }
    }

    fn in_commands(&mut self, char: char, within: Option<Within>) {
        let begins_word =
            self.text[..self.at].chars().next_back().is_none_or(|char| !is_word(char) && !"$\\'\"}".contains(char));
        match char {
            '\n' => self.line_ends(),
            '#' if begins_word => {
                let is_end = |char| char == '\n' || (char == '`' && within == Some(Within::Back));
                let length = self.rest().find(is_end).unwrap_or_else(|| self.rest().len());
                self.take(length, ShellPart::Comment);
            }
            '(' if self.before_command && self.rest().starts_with("((") => {
                self.open(2, ShellPart::Mark, Within::Arithmetic);
            }
            '<' if self.rest().starts_with("<<") && !self.rest().starts_with("<<<") => self.document_begins(),
            '\'' => self.single(1),
            '"' => self.open_in_command(1, ShellPart::Text, Within::Double),
            '`' if within == Some(Within::Back) => self.close(ShellPart::Mark),
            '`' => {
                self.open(1, ShellPart::Mark, Within::Back);
                self.before_command = true;
            }
            '\\' => self.take(self.escaped(), ShellPart::Plain),
            '$' => self.dollar(ShellPart::Plain, false),
            '(' if matches!(within, Some(Within::Command | Within::Paren)) => {
                self.open_in_command(1, ShellPart::Plain, Within::Paren);
            }
            ')' if within == Some(Within::Command) => self.close(ShellPart::Mark),
            ')' if within == Some(Within::Paren) => self.close(ShellPart::Plain),
            ';' | '&' | '|' | '(' => {
                self.take(1, ShellPart::Plain);
                self.before_command = true;
            }
            char if char.is_whitespace() => self.take(char.len_utf8(), ShellPart::Plain),
            _ => self.word(),
        }
    }

    fn open_in_command(&mut self, length: usize, part: ShellPart, within: Within) {
        self.before_command = within == Within::Paren;
        self.open(length, part, within);
    }

    /// Takes a word up to what ends one.
    fn word(&mut self) {
        let ends = |char: char| char.is_whitespace() || ";&|()<>'\"`\\$".contains(char);
        let rest = self.rest();
        let length = rest.find(ends).unwrap_or(rest.len()).max(rest.chars().next().map_or(0, char::len_utf8));
        let word = &rest[..length];
        let is_before = self.before_command && BEFORE_COMMANDS.contains(&word);
        let is_other = self.before_command && OTHERS.contains(&word) && word != "in";
        let is_in = self.before_in && word == "in";
        let begins_list = matches!(word, "for" | "case" | "select");
        self.before_in = (is_other && begins_list) || (self.before_in && !is_in);
        self.before_command = is_before;
        self.take(length, if is_before || is_other || is_in { ShellPart::Keyword } else { ShellPart::Plain });
    }

    /// Takes a text in single quotes behind an opening of this length.
    fn single(&mut self, opening: usize) {
        self.before_command = false;
        let rest = &self.rest()[opening..];
        let escapes = opening > 1;
        let mut length = None;
        let mut chars = rest.char_indices();
        while let Some((at, char)) = chars.next() {
            match char {
                '\\' if escapes => drop(chars.next()),
                '\'' => {
                    length = Some(at + 1);
                    break;
                }
                _ => {}
            }
        }
        if length.is_none() {
            self.unclosed = Some(self.at);
        }
        self.take(opening + length.unwrap_or(rest.len()), ShellPart::Text);
    }

    /// Takes a variable, or what opens a command or one with more to it.
    fn dollar(&mut self, otherwise: ShellPart, in_double: bool) {
        let behind = &self.rest()[1..];
        match behind.chars().next() {
            Some('(') if behind.starts_with("((") => self.open(3, ShellPart::Mark, Within::Arithmetic),
            Some('(') => {
                self.open(2, ShellPart::Mark, Within::Command);
                self.before_command = true;
                return;
            }
            Some('{') => self.open(2, ShellPart::Mark, Within::Brace { in_double }),
            Some('\'') if !in_double => self.single(2),
            Some(first) if first.is_ascii_digit() || "@*#?$!-".contains(first) => self.take(2, ShellPart::Variable),
            Some(first) if is_word(first) => {
                let length = behind.find(|char| !is_word(char)).unwrap_or(behind.len());
                self.take(1 + length, ShellPart::Variable);
            }
            _ => self.take(1, otherwise),
        }
        self.before_command = false;
    }

    fn document_begins(&mut self) {
        let rest = self.rest();
        let sign = if rest.starts_with("<<-") { 3 } else { 2 };
        let spaces = rest[sign..].len() - rest[sign..].trim_start_matches([' ', '\t']).len();
        let word = &rest[sign + spaces..];
        let length = word.find(|char: char| char.is_whitespace() || ";&|()<>".contains(char)).unwrap_or(word.len());
        let last: String = word[..length].chars().filter(|char| !"'\"\\".contains(*char)).collect();
        if !last.is_empty() {
            self.documents.push((last, sign == 3));
        }
        self.take(sign + spaces, ShellPart::Plain);
        self.take(length, ShellPart::Mark);
    }

    /// Takes the end of a line, and the here-documents that follow it.
    fn line_ends(&mut self) {
        self.take(1, ShellPart::Plain);
        self.before_command = true;
        for (last, may_be_set_in) in std::mem::take(&mut self.documents) {
            let mut length = 0;
            for line in self.rest().split_inclusive('\n') {
                length += line.len();
                let line = line.trim_end_matches(['\n', '\r']);
                if (if may_be_set_in { line.trim_start_matches('\t') } else { line }) == last {
                    break;
                }
            }
            self.take(length, ShellPart::Text);
        }
    }
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let letter = |part| match part {
            ShellPart::Plain => 'p',
            ShellPart::Keyword => 'k',
            ShellPart::Variable => 'v',
            ShellPart::Text => 't',
            ShellPart::Comment => 'c',
            ShellPart::Mark => 'm',
        };
        let parts = shell_parts(text).into_iter().filter(|(_, part)| *part != ShellPart::Plain);
        parts.map(|(range, part)| format!("{}:{}", letter(part), &text[range])).collect()
    }

    #[test]
    fn a_script_is_told_apart() {
        let text = "for f in *.csv; do # each\n  echo \"$f: done ${f%.csv}\" 'x $y' | sort -k$1\ndone";
        let expected = [
            "k:for",
            "k:in",
            "k:do",
            "c:# each",
            "t:\"",
            "v:$f",
            "t:: done ",
            "m:${",
            "v:f%.csv",
            "m:}",
            "t:\"",
            "t:'x $y'",
            "v:$1",
            "k:done",
        ];
        assert_eq!(told(text), expected);
        assert_eq!(told("if [ a#b = $(wc -l <x) ]; then :; fi"), ["k:if", "m:$(", "m:)", "k:then", "k:fi"]);
        assert_eq!(told("cat <<'END' >x\nit's $not\nEND\necho if"), ["m:'END'", "t:it's $not\nEND\n"]);
    }

    #[test]
    fn what_is_not_closed_is_named_with_its_place() {
        for (text, said, marked) in [
            ("echo 'a\nb", "line 1, column 6: ' is opened here and not closed", "'a"),
            ("a=1\necho é \"b $a", "line 2, column 8: \" is opened here and not closed", "\"b $a"),
            ("x=$(echo \"a\"", "line 1, column 3: $( is opened here and not closed", "$(echo \"a\""),
            ("echo ${x", "line 1, column 6: ${ is opened here and not closed", "${x"),
            ("echo `date", "line 1, column 6: ` is opened here and not closed", "`date"),
            ("echo $'a\\'", "line 1, column 6: $' is opened here and not closed", "$'a\\'"),
        ] {
            let wrong = wrong_in_script(text).unwrap();
            assert_eq!((&*wrong.message, &text[wrong.range.unwrap()]), (said, marked));
        }
    }

    #[test]
    fn what_the_shell_takes_is_not_wrong() {
        for text in [
            "",
            "echo it\\'s # isn't it",
            "echo \"a $(echo \"b ${c:-\"d\"}\") `date`\"",
            "echo \"${x:-it's}\" $((1 + (2 * 3))) $# ${#x} a#b'c'",
            "case $1 in a) echo \"a\";; esac",
            "cat <<EOF\nit's\nEOF\ncat <<-\"E\"\n\tdon't\n\tE\necho 'a'",
            "echo $'it\\'s' <<<\"here\"",
            "echo \"\\\"\" '\\'",
            "x=$(case $1 in a) echo b;; esac)",
            "echo $((1 << 4))\necho \"$((x << (y + 1)))\"\n((x <<= 1))\nfor ((i = 0; i < 3; i++)); do echo $((16#ff)); done",
            "x=$(\necho $((1 << 4))\n)",
            "echo `date # it's now`",
        ] {
            assert_eq!(wrong_in_script(text), None, "{text}");
        }
    }

    #[test]
    fn parts_are_the_whole_text_whatever_it_is() {
        for text in [
            "'",
            "\"",
            "$",
            "${",
            "$(",
            "\\",
            "<<",
            "<<-",
            "<<é\n",
            "é'ü\"ß",
            "`a\"b`c\"",
            "a\\é",
            "$é",
            "#",
            "(()",
            "$((",
            "$((1)",
            "((é",
            "日\n<<x",
        ] {
            let mut at = 0;
            for (range, part) in shell_parts(text) {
                assert_eq!(range.start, at, "{text:?} {part:?}");
                assert!(range.end > at && text.is_char_boundary(range.end), "{text:?}");
                at = range.end;
            }
            assert_eq!(at, text.len(), "{text:?}");
            if let Some(wrong) = wrong_in_script(text) {
                assert!(text.get(wrong.range.unwrap()).is_some(), "{text:?}");
            }
        }
    }
}

//! What the parts of a written text are, for their colours. Pure: a text goes in, parts come out.

use std::ops::Range;

use crate::nodes::{ShellPart, shell_parts};

/// A language that parameters are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    Sql,
    Jinja,
    Json,
    Shell,
}

impl Language {
    /// Returns the language of a parameter's text; nothing for plain text.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "sql" | "sql condition" => Some(Self::Sql),
            "jinja" => Some(Self::Jinja),
            "json" => Some(Self::Json),
            "shell" => Some(Self::Shell),
            _ => None,
        }
    }
}

/// What a part of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Plain,
    /// A word of the language.
    Keyword,
    /// A name: of a function, a filter, a quoted column, a field.
    Name,
    /// A text in quotes.
    Text,
    Number,
    Comment,
    /// A sign that begins or ends an expression in a template.
    Mark,
}

impl Part {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 7] =
        [Self::Plain, Self::Keyword, Self::Name, Self::Text, Self::Number, Self::Comment, Self::Mark];
}

/// Returns the parts of a text in order: none is empty, and together they are the whole text.
pub(crate) fn parts(language: Language, text: &str) -> Vec<(Range<usize>, Part)> {
    let mut scan = Scan { text, at: 0, parts: Vec::new() };
    match language {
        Language::Sql => scan.sql(),
        Language::Json => scan.json(),
        Language::Jinja => scan.jinja(),
        Language::Shell => {
            return shell_parts(text).into_iter().map(|(range, part)| (range, of_shell(part))).collect();
        }
    }
    scan.parts
}

const fn of_shell(part: ShellPart) -> Part {
    match part {
        ShellPart::Plain => Part::Plain,
        ShellPart::Keyword => Part::Keyword,
        ShellPart::Variable => Part::Name,
        ShellPart::Text => Part::Text,
        ShellPart::Comment => Part::Comment,
        ShellPart::Mark => Part::Mark,
    }
}

/// Words of SQL in the dialect that queries are written in.
const SQL_WORDS: &str = "\
    all and any as asc between by case cast cross date desc distinct else end escape except exists false \
    filter first following for from full group having ilike in inner intersect interval is join last left \
    like limit natural not null nulls offset on or order outer over partition preceding range recursive right \
    row rows select similar then time timestamp to true unbounded union using values when where with within";

/// Words of templates.
const JINJA_WORDS: &str = "\
    and autoescape block break call continue do elif else endautoescape endblock endcall endfilter endfor \
    endif endmacro endraw endset endwith extends false filter for from if import in include is macro none not \
    or raw recursive set true with";

struct Scan<'a> {
    text: &'a str,
    at: usize,
    parts: Vec<(Range<usize>, Part)>,
}

impl Scan<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Takes so many bytes as a part; plain ones are joined.
    fn take(&mut self, length: usize, part: Part) {
        if length == 0 {
            return;
        }
        let range = self.at..self.at + length;
        self.at = range.end;
        match self.parts.last_mut() {
            Some((last, Part::Plain)) if part == Part::Plain => last.end = range.end,
            _ => self.parts.push((range, part)),
        }
    }

    /// Returns the length of what begins here and goes on as long as its characters fit.
    fn run(&self, fits: impl Fn(char) -> bool) -> usize {
        self.rest().find(|char| !fits(char)).unwrap_or_else(|| self.rest().len())
    }

    /// Returns the length up to and with an end, or to the end of the text.
    fn until(&self, skipped: usize, end: &str) -> usize {
        let rest = self.rest();
        rest[skipped..].find(end).map_or_else(|| rest.len(), |at| skipped + at + end.len())
    }

    /// Returns the length of a text in quotes. A quote in it is written twice, or after a backslash if `escapes`.
    fn quoted(&self, quote: char, escapes: bool) -> usize {
        let rest = self.rest();
        let mut chars = rest.char_indices().skip(1).peekable();
        while let Some((at, char)) = chars.next() {
            if escapes && char == '\\' {
                chars.next();
            } else if char == quote {
                if escapes || chars.next_if(|(_, next)| *next == quote).is_none() {
                    return at + char.len_utf8();
                }
            } else if escapes && char == '\n' {
                return at;
            }
        }
        rest.len()
    }

    fn number(&self) -> usize {
        let rest = self.rest().as_bytes();
        let mut length = usize::from(rest.starts_with(b"-"));
        while let Some(byte) = rest.get(length) {
            let after_exponent = length > 0 && matches!(rest[length - 1], b'e' | b'E');
            if !(byte.is_ascii_alphanumeric() || *byte == b'.' || (matches!(byte, b'+' | b'-') && after_exponent)) {
                break;
            }
            length += 1;
        }
        length
    }

    /// Takes a word: one of the language's, a function's name, or a plain one.
    fn word(&mut self, words: &str) {
        let length = self.run(is_word);
        let word = &self.rest()[..length];
        let is_called = self.rest()[length..].starts_with('(');
        let part = if words.split(' ').any(|known| known.eq_ignore_ascii_case(word)) {
            Part::Keyword
        } else if is_called {
            Part::Name
        } else {
            Part::Plain
        };
        self.take(length, part);
    }

    fn sql(&mut self) {
        while let Some(char) = self.rest().chars().next() {
            match char {
                '-' if self.rest().starts_with("--") => self.take(self.run(|char| char != '\n'), Part::Comment),
                '/' if self.rest().starts_with("/*") => self.take(self.until(2, "*/"), Part::Comment),
                '\'' => self.take(self.quoted('\'', false), Part::Text),
                '"' => self.take(self.quoted('"', false), Part::Name),
                char if char.is_ascii_digit() => self.take(self.number(), Part::Number),
                char if is_word(char) => self.word(SQL_WORDS),
                char => self.take(char.len_utf8(), Part::Plain),
            }
        }
    }

    fn json(&mut self) {
        while let Some(char) = self.rest().chars().next() {
            match char {
                '"' => {
                    let length = self.quoted('"', true);
                    let is_field = self.rest()[length..].trim_start().starts_with(':');
                    self.take(length, if is_field { Part::Name } else { Part::Text });
                }
                '-' | '0'..='9' => self.take(self.number().max(1), Part::Number),
                char if is_word(char) => {
                    let length = self.run(is_word);
                    let is_known = matches!(&self.rest()[..length], "true" | "false" | "null");
                    self.take(length, if is_known { Part::Keyword } else { Part::Plain });
                }
                char => self.take(char.len_utf8(), Part::Plain),
            }
        }
    }

    fn jinja(&mut self) {
        while !self.rest().is_empty() {
            let text = self.rest();
            let mut braces = text.match_indices('{').map(|(at, _)| at);
            let first = braces.find(|at| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#')));
            self.take(first.unwrap_or_else(|| self.rest().len()), Part::Plain);
            let rest = self.rest();
            if rest.starts_with("{#") {
                self.take(self.until(2, "#}"), Part::Comment);
            } else if !rest.is_empty() {
                let end = if rest.starts_with("{{") { "}}" } else { "%}" };
                self.expression(end);
            }
        }
    }

    /// Takes what stands between two signs of a template, with them.
    fn expression(&mut self, end: &str) {
        let opening = if self.rest()[2..].starts_with(['-', '+']) { 3 } else { 2 };
        self.take(opening, Part::Mark);
        let mut after_bar = false;
        while let Some(char) = self.rest().chars().next() {
            let closing = usize::from(matches!(char, '-' | '+'));
            if self.rest()[closing..].starts_with(end) {
                self.take(closing + end.len(), Part::Mark);
                return;
            }
            match char {
                '\'' | '"' => self.take(self.quoted(char, true), Part::Text),
                char if char.is_ascii_digit() => self.take(self.number(), Part::Number),
                char if is_word(char) && after_bar => self.take(self.run(is_word), Part::Name),
                char if is_word(char) => self.word(JINJA_WORDS),
                char => self.take(char.len_utf8(), Part::Plain),
            }
            after_bar = char == '|' || (after_bar && char.is_whitespace());
        }
    }
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the parts that are not plain, with a letter before each that says what it is.
    fn told(language: Language, text: &str) -> Vec<String> {
        let letter = |part| match part {
            Part::Plain => 'p',
            Part::Keyword => 'k',
            Part::Name => 'n',
            Part::Text => 't',
            Part::Number => '1',
            Part::Comment => 'c',
            Part::Mark => 'm',
        };
        let parts = parts(language, text).into_iter().filter(|(_, part)| *part != Part::Plain);
        parts.map(|(range, part)| format!("{}:{}", letter(part), &text[range])).collect()
    }

    #[test]
    fn sql_is_told_apart() {
        let query = "SELECT max(\"Body mass\"), 'it''s' -- all\nfrom t1 /* two\nlines */ WHERE x1 > 1.5e-3";
        let expected = [
            "k:SELECT",
            "n:max",
            "n:\"Body mass\"",
            "t:'it''s'",
            "c:-- all",
            "k:from",
            "c:/* two\nlines */",
            "k:WHERE",
            "1:1.5e-3",
        ];
        assert_eq!(told(Language::Sql, query), expected);
    }

    #[test]
    fn json_is_told_apart() {
        let text = "{\"a\" : [1, -2.5E+3, \"b\\\"c\", true, nul], \"d\": null}";
        let expected = ["n:\"a\"", "1:1", "1:-2.5E+3", "t:\"b\\\"c\"", "k:true", "n:\"d\"", "k:null"];
        assert_eq!(told(Language::Json, text), expected);
    }

    #[test]
    fn templates_are_told_apart() {
        let text = "for {{- in1.name | upper(1) -}} {# no {{ #} {% for row in rows %}'{{ '}}' }}";
        let expected = [
            "m:{{-",
            "n:upper",
            "1:1",
            "m:-}}",
            "c:{# no {{ #}",
            "m:{%",
            "k:for",
            "k:in",
            "m:%}",
            "m:{{",
            "t:'}}'",
            "m:}}",
        ];
        assert_eq!(told(Language::Jinja, text), expected);
    }

    #[test]
    fn parts_are_the_whole_text_whatever_it_is() {
        let texts = [
            "",
            "'",
            "\"",
            "{{",
            "{%-",
            "{#",
            "/*",
            "--",
            "é'ü\"ß",
            "\"a\nb\"",
            "1.2.3e",
            "{{ 'a\\",
            "{{ é | ß }}",
            "-",
            "{{-}}",
            "{%+ x +%}",
            "日本 'x' 日",
        ];
        for text in texts {
            for language in [Language::Sql, Language::Jinja, Language::Json, Language::Shell] {
                let mut at = 0;
                for (range, part) in parts(language, text) {
                    assert_eq!(range.start, at, "{language:?} {text:?} {part:?}");
                    assert!(range.end > at && text.is_char_boundary(range.end), "{language:?} {text:?}");
                    at = range.end;
                }
                assert_eq!(at, text.len(), "{language:?} {text:?}");
            }
        }
    }
}

//! Cuts DDL text into the tokens of Spark's SQL lexer, as far as schemas need them.
//!
//! Nothing is refused here: what is no token of SQL becomes [`Kind::Unknown`], one character each, for the parser to refuse.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or keyword.
    Word,
    /// A name in back quotes.
    Quoted,
    /// A string literal in single or double quotes, raw ones (`r'…'`) included.
    Text,
    /// Digits alone.
    Integer,
    /// Any other number.
    Number,
    /// An operator or punctuation.
    Symbol,
    /// A character that begins no token.
    Unknown,
    /// The end of the text.
    End,
}

/// A token with its place: `line` from 1, `column` from 0 in characters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Token<'_> {
    /// Whether this is the keyword, in any case.
    pub(crate) fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    /// Whether this is the operator or punctuation.
    pub(crate) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// Whether it can stand for a name.
    pub(crate) fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Quoted)
    }
}

/// The tokens of a text, [`Kind::End`] last.
pub(crate) struct Tokens<'a> {
    pub(crate) list: Vec<Token<'a>>,
    /// The text ends inside a bracketed comment.
    pub(crate) unclosed_comment: bool,
}

/// Operators, longest first.
const SYMBOLS: [&str; 39] = [
    ">>>", "<=>", "<<", "<>", "<=", ">=", "!=", "!<", "!>", "==", "->", "=>", "::", "||", "|>", "/*+", "*/", "(", ")",
    ",", ".", "[", "]", ":", ";", "<", ">", "=", "!", "+", "-", "*", "/", "%", "~", "&", "|", "^", "?",
];

/// Cuts `text` into tokens.
pub(crate) fn tokenize(text: &str) -> Tokens<'_> {
    let mut lexer = Lexer { rest: text, line: 1, column: 0, depth: 0, unclosed_comment: false };
    let mut list = Vec::new();
    loop {
        lexer.skip_hidden();
        let (line, column) = (lexer.line, lexer.column);
        let Some(first) = lexer.rest.chars().next() else {
            list.push(Token { kind: Kind::End, text: "", line, column });
            return Tokens { list, unclosed_comment: lexer.unclosed_comment };
        };
        let (kind, length) = lexer.measure(first);
        let text = lexer.take(length);
        lexer.count_brackets(kind, text);
        list.push(Token { kind, text, line, column });
    }
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    column: usize,
    /// Open complex types: inside them `>>` is two tokens.
    depth: usize,
    unclosed_comment: bool,
}

impl<'a> Lexer<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        for c in taken.chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 0;
            } else {
                self.column += 1;
            }
        }
        self.rest = rest;
        taken
    }

    fn skip_hidden(&mut self) {
        loop {
            let space: usize = self.rest.chars().take_while(|c| is_space(*c)).map(char::len_utf8).sum();
            if space > 0 {
                self.take(space);
            } else if self.rest.starts_with("--") {
                let length = line_comment(self.rest);
                self.take(length);
            } else if self.rest.starts_with("/*") && !self.rest.starts_with("/*+") {
                let (length, closed) = bracketed_comment(self.rest);
                self.take(length);
                self.unclosed_comment |= !closed;
            } else {
                return;
            }
        }
    }

    /// The kind and the length in bytes of the token that begins with `first`.
    fn measure(&self, first: char) -> (Kind, usize) {
        let rest = self.rest;
        if matches!(first, 'r' | 'R')
            && let Some(quote @ ('\'' | '"')) = rest.get(1..).and_then(|tail| tail.chars().next())
            && let Some(end) = rest.get(2..).and_then(|tail| tail.find(quote))
        {
            return (Kind::Text, end + 3);
        }
        if let Some(length) = (first == '\'' || first == '"').then(|| quoted_length(rest, first, true)).flatten() {
            return (Kind::Text, length);
        }
        if let Some(length) = (first == '`').then(|| quoted_length(rest, '`', false)).flatten() {
            return (Kind::Quoted, length);
        }
        let word: usize = rest.chars().take_while(|c| is_word(*c)).map(char::len_utf8).sum();
        let (number, kind) = number_length(rest);
        if number > 0 && number >= word {
            return (kind, number);
        }
        if word > 0 {
            return (Kind::Word, word);
        }
        if self.depth == 0 && rest.starts_with(">>") && !rest.starts_with(">>>") {
            return (Kind::Symbol, 2);
        }
        match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol) && !(self.depth > 0 && **symbol == ">>>")) {
            Some(symbol) => (Kind::Symbol, symbol.len()),
            None => (Kind::Unknown, first.len_utf8()),
        }
    }

    fn count_brackets(&mut self, kind: Kind, text: &str) {
        if kind == Kind::Word && ["array", "map", "struct"].iter().any(|keyword| text.eq_ignore_ascii_case(keyword)) {
            self.depth += 1;
        } else if kind == Kind::Symbol && text == ">" {
            self.depth = self.depth.saturating_sub(1);
        }
    }
}

fn is_space(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\n' | '\x0c' | '\r' | '\x0b' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

fn is_word(c: char) -> bool {
    // The lexer's letters are Unicode's category L, which `is_alphabetic` exceeds by marks and letter-like numbers.
    c == '_' || c.is_ascii_digit() || c.is_ascii_alphabetic() || (!c.is_ascii() && c.is_alphabetic())
}

/// Up to and with the line's end; a backslash before a line feed continues the comment.
fn line_comment(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut i = 0;
    while let Some(byte) = bytes.get(i) {
        match byte {
            b'\\' if bytes.get(i + 1) == Some(&b'\n') => i += 2,
            b'\r' | b'\n' => return i,
            _ => i += 1,
        }
    }
    i
}

/// The length of a comment, comments inside it included, and whether it ends.
fn bracketed_comment(text: &str) -> (usize, bool) {
    let bytes = text.as_bytes();
    let (mut depth, mut i) = (1_usize, 2);
    while i < bytes.len() {
        match bytes.get(i..i + 2) {
            Some(b"/*") if bytes.get(i + 2) != Some(&b'+') => {
                depth += 1;
                i += 2;
            }
            Some(b"*/") => {
                depth -= 1;
                i += 2;
                if depth == 0 {
                    return (i, true);
                }
            }
            _ => i += 1,
        }
    }
    (text.len(), false)
}

/// The length of a literal whose quote is doubled to stand for itself; none when it does not end.
///
/// When only a doubled quote could end it, its first half does.
fn quoted_length(text: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut chars = text.char_indices().skip(1).peekable();
    let mut doubled = None;
    while let Some((i, c)) = chars.next() {
        if escapes && c == '\\' {
            chars.next();
        } else if c == quote {
            match chars.peek() {
                Some((_, next)) if *next == quote => {
                    doubled = Some(i + 1);
                    chars.next();
                }
                _ => return Some(i + 1),
            }
        }
    }
    doubled
}

/// The longest number at the start: 0 if there is none.
fn number_length(text: &str) -> (usize, Kind) {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let at = |i: usize| bytes.get(i).map(u8::to_ascii_uppercase);
    let whole = digits(0);
    let mut end = whole;
    let mut kind = Kind::Integer;
    if at(end) == Some(b'.') && (whole > 0 || digits(1) > 0) {
        end += 1 + digits(end + 1);
        kind = Kind::Number;
    }
    if end == 0 {
        return (0, kind);
    }
    if at(end) == Some(b'E') {
        let sign = usize::from(matches!(at(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
            kind = Kind::Number;
        }
    }
    let suffix = match (at(end), at(end + 1)) {
        (Some(b'B'), Some(b'D')) => 2,
        (Some(b'F' | b'D'), _) => 1,
        (Some(b'L' | b'S' | b'Y'), _) if kind == Kind::Integer => 1,
        _ => 0,
    };
    if suffix > 0 { (end + suffix, Kind::Number) } else { (end, kind) }
}

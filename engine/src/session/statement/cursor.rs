//! A place in the tokens of a statement, and the small phrases that statements are made of.

use super::Name;
use crate::error::SparkError;
use crate::types::StructType;
use crate::types::ddl::literal;
use crate::types::ddl::syntax_error;
use crate::types::ddl::token::{Kind, Token, tokenize};

/// Reads a statement token by token.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    tokens: std::rc::Rc<[Token<'a>]>,
    next: usize,
}

impl<'a> Cursor<'a> {
    /// Before the first token of a text.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, tokens: tokenize(text).list.into(), next: 0 }
    }

    /// The token `ahead` of the next one; the end of the text comes again and again.
    pub(super) fn peek(&self, ahead: usize) -> Token<'a> {
        let end = Token { kind: Kind::End, text: "", line: 1, column: 0 };
        self.tokens.get(self.next + ahead).or(self.tokens.last()).copied().unwrap_or(end)
    }

    pub(super) fn take(&mut self) -> Token<'a> {
        let token = self.peek(0);
        self.next += 1;
        token
    }

    /// Whether nothing but a semicolon follows.
    pub(super) fn at_end(&self) -> bool {
        let token = self.peek(0);
        token.kind == Kind::End || (token.is_symbol(";") && self.peek(1).kind == Kind::End)
    }

    /// The keywords in this order, in any case; none of them is taken unless all are there.
    pub(super) fn accept(&mut self, words: &str) -> bool {
        let words: Vec<&str> = words.split(' ').collect();
        let found = words.iter().enumerate().all(|(ahead, word)| self.peek(ahead).is(word));
        self.next += if found { words.len() } else { 0 };
        found
    }

    pub(super) fn accept_symbol(&mut self, symbol: &str) -> bool {
        let found = self.peek(0).is_symbol(symbol);
        self.next += usize::from(found);
        found
    }

    /// The error of the token at hand.
    pub(super) fn refuse<T>(&self) -> Result<T, SparkError> {
        let token = self.peek(0);
        let shown = if token.kind == Kind::End { "end of input".to_owned() } else { format!("'{}'", token.text) };
        Err(syntax_error(shown, token.line, token.column, self.text))
    }

    pub(super) fn expect(&mut self, words: &str) -> Result<(), SparkError> {
        if self.accept(words) { Ok(()) } else { self.refuse() }
    }

    pub(super) fn expect_symbol(&mut self, symbol: &str) -> Result<(), SparkError> {
        if self.accept_symbol(symbol) { Ok(()) } else { self.refuse() }
    }

    pub(super) fn expect_end(&self) -> Result<(), SparkError> {
        if self.at_end() { Ok(()) } else { self.refuse() }
    }

    /// One part of a name.
    pub(super) fn name(&mut self) -> Result<String, SparkError> {
        let token = self.peek(0);
        match token.kind {
            Kind::Word => Ok(self.take().text.to_owned()),
            Kind::Quoted => Ok(literal::quoted_name(self.take().text)),
            _ => self.refuse(),
        }
    }

    /// A name of several parts: `spark_catalog.default.t`.
    pub(super) fn names(&mut self) -> Result<Vec<String>, SparkError> {
        let mut parts = vec![self.name()?];
        while self.accept_symbol(".") {
            parts.push(self.name()?);
        }
        Ok(parts)
    }

    /// The name of a table or view, with its place.
    pub(super) fn object(&mut self) -> Result<Name, SparkError> {
        let first = self.peek(0);
        Ok(Name { parts: self.names()?, at: (first.line, first.column) })
    }

    /// A string literal, of which several in a row are one.
    pub(super) fn string(&mut self) -> Result<String, SparkError> {
        if self.peek(0).kind != Kind::Text {
            return self.refuse();
        }
        let mut text = String::new();
        while self.peek(0).kind == Kind::Text {
            text.push_str(&literal::string_value(self.take().text));
        }
        Ok(text)
    }

    /// `(key = value, …)`, as `OPTIONS` and `TBLPROPERTIES` have it. A key is a string or a dotted name; a value a string, a
    /// number or a boolean. None stands for a value that is left out.
    pub(super) fn properties(&mut self) -> Result<Vec<(String, Option<String>)>, SparkError> {
        self.expect_symbol("(")?;
        let mut properties = Vec::new();
        loop {
            // The string behind a key is its value.
            let key = match self.peek(0).kind {
                Kind::Text => literal::string_value(self.take().text),
                _ => self.names()?.join("."),
            };
            let equals = self.accept_symbol("=");
            let token = self.peek(0);
            let value = match token.kind {
                Kind::Text => Some(self.string()?),
                Kind::Integer | Kind::Number => Some(self.take().text.to_owned()),
                Kind::Word if token.is("true") || token.is("false") => Some(self.take().text.to_lowercase()),
                _ if equals => return self.refuse(),
                _ => None,
            };
            properties.push((key, value));
            if !self.accept_symbol(",") {
                self.expect_symbol(")")?;
                return Ok(properties);
            }
        }
    }

    /// `(a int, b string)`.
    pub(super) fn columns(&mut self) -> Result<StructType, SparkError> {
        let open = self.peek(0);
        self.expect_symbol("(")?;
        let mut depth = 1;
        loop {
            let token = self.take();
            match token.kind {
                Kind::End => {
                    self.next -= 1;
                    return self.refuse();
                }
                Kind::Symbol if token.text == "(" => depth += 1,
                Kind::Symbol if token.text == ")" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let inside = self.text.get(self.offset(&open) + 1..self.offset(&token)).unwrap_or("");
                return StructType::from_table_schema(inside);
            }
        }
    }

    /// The text from the next token on, without a semicolon at its end.
    pub(super) fn rest(&self) -> &'a str {
        let rest = self.text.get(self.offset(&self.peek(0))..).unwrap_or("").trim_end();
        rest.strip_suffix(';').unwrap_or(rest)
    }

    /// Where a token of the text begins, in bytes.
    fn offset(&self, token: &Token<'a>) -> usize {
        if token.kind == Kind::End {
            return self.text.len();
        }
        (token.text.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }
}

//! Parses tokens into a syntax tree, refusing wrong ones where Spark's parser does.
//!
//! Three habits of that parser shape the errors. It looks ahead over a whole `array<…>`, `map<…>` or `struct<…>` before it
//! enters it: if the text inside does not fit, the type is taken for a bare `array` and the `<` after it is what is wrong. It deletes a single surplus
//! token at the end ("extra input"). And a bare keyword such as `int` could also be a user's type name: then a surplus token
//! that might follow a type elsewhere in SQL is refused while it decides, without that hint.

use crate::error::{ExceptionClass, SparkError};

use super::super::condition;
use super::literal;
use super::token::{Kind, Token, Tokens};

/// Why a text was refused.
#[derive(Debug)]
pub(super) enum Failure {
    /// A token that does not fit, as it is shown, with its line and column.
    Syntax { shown: String, hint: String, at: (usize, usize) },
    /// Another condition, with a position where Spark gives one.
    Condition { error: Box<SparkError>, at: Option<(usize, usize)> },
    /// A condition without a position, shown with the whole text.
    Command(Box<SparkError>),
    /// A number that is no `int`.
    Number(String),
}

/// A type as written.
#[derive(Debug)]
pub(super) struct TypeNode<'a> {
    pub(super) shape: Shape<'a>,
    /// Line and column of its first token.
    pub(super) at: (usize, usize),
}

#[derive(Debug)]
pub(super) enum Shape<'a> {
    /// A name with parameters, such as `decimal(5,2)`.
    Named { name: Token<'a>, parameters: Vec<&'a str>, collation: Option<Vec<String>> },
    /// `timestamp without time zone` and its like: the type that it means.
    Zoned(&'static str),
    /// `interval from [to to]`.
    Interval { from: &'a str, to: Option<&'a str> },
    /// `array<…>`.
    Array(Box<TypeNode<'a>>),
    /// `map<…,…>`.
    Map(Box<TypeNode<'a>>, Box<TypeNode<'a>>),
    /// `struct<…>`.
    Struct(Vec<FieldNode<'a>>),
}

/// A column or field as written.
#[derive(Debug)]
pub(super) struct FieldNode<'a> {
    pub(super) name: String,
    pub(super) data_type: TypeNode<'a>,
    pub(super) nullable: bool,
    pub(super) comment: Option<String>,
}

type Parsed<T> = Result<T, Failure>;

/// Parses a type and nothing else.
pub(super) fn data_type<'a>(tokens: &Tokens<'a>) -> Result<TypeNode<'a>, Failure> {
    let mut parser = Parser { tokens: &tokens.list, next: 0, depth: 0, in_field: false, settled: false };
    let node = parser.data_type()?;
    parser.end(false)?;
    Ok(node)
}

/// Parses columns separated by commas and nothing else.
pub(super) fn table_schema<'a>(tokens: &Tokens<'a>) -> Result<Vec<FieldNode<'a>>, Failure> {
    let mut parser = Parser { tokens: &tokens.list, next: 0, depth: 0, in_field: false, settled: false };
    let fields = parser.fields(false)?;
    parser.end(true)?;
    Ok(fields)
}

/// Types nested deeper are refused, lest the stack overflow; Spark's own parser gives up far sooner.
const MAX_DEPTH: usize = 200;

struct Parser<'t, 'a> {
    tokens: &'t [Token<'a>],
    next: usize,
    depth: usize,
    /// What was read in the complex type at hand can be no expression: the look-ahead has decided for the type.
    settled: bool,
    /// The type that comes next is that of a struct's field.
    in_field: bool,
}

impl<'a> Parser<'_, 'a> {
    fn peek(&self, ahead: usize) -> Token<'a> {
        let last = Token { kind: Kind::End, text: "", line: 1, column: 0 };
        self.tokens.get(self.next + ahead).or(self.tokens.last()).copied().unwrap_or(last)
    }

    fn take(&mut self) -> Token<'a> {
        let token = self.peek(0);
        self.next += 1;
        token
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = self.peek(0).is_symbol(symbol);
        self.next += usize::from(found);
        found
    }

    fn accept_word(&mut self, word: &str) -> bool {
        let found = self.peek(0).is(word);
        self.next += usize::from(found);
        found
    }

    fn refuse<T>(&self, ahead: usize, hint: String) -> Parsed<T> {
        let token = self.peek(ahead);
        Err(Failure::Syntax { shown: shown(&token), hint, at: (token.line, token.column) })
    }

    /// The input must end here.
    fn end(&self, table: bool) -> Parsed<()> {
        let token = self.peek(0);
        if token.kind == Kind::End {
            return Ok(());
        }
        let lone = self.peek(1).kind == Kind::End;
        if !lone || self.undecided(&token) || (table && token.is_symbol("|")) {
            return self.refuse(0, String::new());
        }
        self.refuse(0, format!(": extra input {}", shown(&token)))
    }

    /// Whether the parser was still choosing between a keyword type and a user's type when it met `token`.
    fn undecided(&self, token: &Token<'a>) -> bool {
        let Some(previous) = self.next.checked_sub(1).and_then(|i| self.tokens.get(i)) else { return false };
        let first_word = self.next < 2 || !self.tokens.get(self.next - 2).is_some_and(|t| continues(t, previous));
        if previous.kind != Kind::Word || !is_type_keyword(previous.text) || !first_word {
            return false;
        }
        let text = previous.text.to_ascii_lowercase();
        let never_follows = match token.kind {
            Kind::Integer | Kind::Number | Kind::Text | Kind::Unknown => true,
            Kind::Symbol => matches!(token.text, "(" | "->" | "=>" | "?") || (token.text == "<" && is_complex(&text)),
            Kind::Word => {
                (token.is("collate") && matches!(text.as_str(), "string" | "char" | "character" | "varchar"))
                    || (token.is("with") && text == "timestamp")
                    || (token.is("without") && matches!(text.as_str(), "timestamp" | "time"))
            }
            Kind::Quoted | Kind::End => false,
        };
        !never_follows
    }

    fn fields(&mut self, nested: bool) -> Parsed<Vec<FieldNode<'a>>> {
        let mut fields = Vec::new();
        loop {
            let decided = fields.iter().any(|field: &FieldNode<'_>| !field.nullable || field.comment.is_some());
            fields.push(self.field(nested, decided)?);
            if !self.accept(",") {
                return Ok(fields);
            }
        }
    }

    fn field(&mut self, nested: bool, decided: bool) -> Parsed<FieldNode<'a>> {
        self.settled |= nested && self.peek(0).kind == Kind::Text && self.peek(0).text.starts_with('"');
        let name = self.name(true)?;
        // `a:int not …` may go on as an expression, `a int not …` may not.
        let path = nested && self.accept(":");
        self.settled |= path && decided;
        self.in_field = nested;
        // `a int` is a column with its alias, after which `<` cannot come.
        let complex = is_complex(&self.peek(0).text.to_ascii_lowercase());
        self.settled |= nested && !path && complex && self.peek(1).is_symbol("<");
        let data_type = self.data_type()?;
        let mut nullable = true;
        if self.peek(0).is("not") || self.peek(0).is_symbol("!") {
            self.settled |= !path;
            self.take();
            if !self.accept_word("null") {
                return self.missing_null(nested);
            }
            nullable = false;
        }
        let mut comment = None;
        if self.accept_word("comment") {
            self.settled |= !path;
            let mut text = String::new();
            if self.peek(0).kind != Kind::Text {
                return self.refuse(0, String::new());
            }
            while self.peek(0).kind == Kind::Text {
                text.push_str(&literal::string_value(self.take().text));
            }
            comment = Some(text);
        }
        Ok(FieldNode { name, data_type, nullable, comment })
    }

    /// `NOT` without `NULL`: said to be missing where what follows would fit after it.
    fn missing_null<T>(&self, nested: bool) -> Parsed<T> {
        let token = self.peek(0);
        let fits = if nested { token.is_symbol(">") } else { token.kind == Kind::End };
        if self.peek(1).is("null") {
            return self.refuse(0, format!(": extra input {}", shown(&token)));
        }
        if fits || token.is_symbol(",") || token.is("comment") {
            return self.refuse(0, ": missing 'NULL'".to_owned());
        }
        self.refuse(0, String::new())
    }

    /// A name. `extended` allows `a-b` to be read, only to be refused with the advice to quote it.
    fn name(&mut self, extended: bool) -> Parsed<String> {
        let token = self.peek(0);
        if !token.is_name() {
            return self.refuse(0, String::new());
        }
        self.take();
        if token.kind == Kind::Quoted {
            return Ok(literal::quoted_name(token.text));
        }
        if !token.text.is_ascii() {
            self.settled = true;
            return Err(invalid_identifier(token.text, &token));
        }
        let mut text = token.text.to_owned();
        let dash = self.peek(0);
        while extended && self.peek(0).is_symbol("-") && self.peek(1).is_name() {
            self.take();
            text.push('-');
            text.push_str(self.take().text);
        }
        if text.contains('-') {
            self.settled = true;
            return Err(invalid_identifier(&text, &dash));
        }
        Ok(text)
    }

    fn data_type(&mut self) -> Parsed<TypeNode<'a>> {
        let first = self.peek(0);
        let at = (first.line, first.column);
        let in_field = std::mem::take(&mut self.in_field);
        if !first.is_name() {
            return self.refuse(0, String::new());
        }
        if first.kind == Kind::Word && !first.text.is_ascii() {
            self.settled = true;
            return Err(invalid_identifier(first.text, &first));
        }
        if first.kind == Kind::Word && is_complex(&first.text.to_ascii_lowercase()) {
            let (start, settled) = (self.next, std::mem::take(&mut self.settled));
            self.depth += 1;
            let complex = if self.depth > MAX_DEPTH { self.refuse(0, String::new()) } else { self.complex() };
            self.depth -= 1;
            match complex {
                Ok(Some(shape)) if self.settled || !self.reads_as_comparison() => {
                    self.settled |= settled;
                    return Ok(TypeNode { shape, at });
                }
                Err(failure) if self.settled => return Err(failure),
                _ => (self.next, self.settled) = (start, settled),
            }
        }
        self.take();
        self.settled |= in_field && self.peek(0).is_symbol("(") && self.peek(1).kind == Kind::Integer;
        let word = if first.kind == Kind::Word { first.text.to_ascii_lowercase() } else { String::new() };
        let shape = match word.as_str() {
            "interval" => self.interval(first)?,
            "timestamp" => self.timestamp(first)?,
            _ => self.named(first, &word)?,
        };
        Ok(TypeNode { shape, at })
    }

    /// Whether what follows a complex type makes `array < int > 5` an expression rather than a type.
    fn reads_as_comparison(&self) -> bool {
        let (token, next) = (self.peek(0), self.peek(1));
        // Operators between words are no columns of an expression's list.
        let operator = ["collate", "as", "and", "or", "in", "is", "like", "between"].iter().any(|word| token.is(word));
        match token.kind {
            Kind::Integer | Kind::Number | Kind::Text => true,
            Kind::Word => next.is_name() && !operator && !(token.is("not") && next.is("null")),
            Kind::Symbol => {
                matches!(token.text, "*" | "?")
                    || (matches!(token.text, "(") && matches!(next.kind, Kind::Integer | Kind::Number | Kind::Text))
            }
            _ => false,
        }
    }

    /// The part of a complex type in angle brackets; none if there is none.
    fn complex(&mut self) -> Parsed<Option<Shape<'a>>> {
        let keyword = self.take();
        if keyword.is("struct") && self.accept("<>") {
            return Ok(Some(Shape::Struct(Vec::new())));
        }
        if !self.accept("<") {
            return Ok(None);
        }
        let shape = if keyword.is("array") {
            Shape::Array(Box::new(self.data_type()?))
        } else if keyword.is("map") {
            let key = self.data_type()?;
            if !self.accept(",") {
                return self.refuse(0, String::new());
            }
            Shape::Map(Box::new(key), Box::new(self.data_type()?))
        } else if self.peek(0).is_symbol(">") {
            Shape::Struct(Vec::new())
        } else {
            let fields = self.fields(true)?;
            let ended = fields.last().is_some_and(|field| !field.nullable || field.comment.is_some());
            if ended && !self.peek(0).is_symbol(">") && !self.peek(1).is_symbol(">") {
                return self.refuse(0, String::new());
            }
            Shape::Struct(fields)
        };
        if self.accept(">") {
            // A comparison would need an operand here.
            let next = self.peek(0);
            self.settled |= next.is_symbol(">") || next.is_symbol(",");
            return Ok(Some(shape));
        }
        self.expected(|token| token.is_symbol(">"), "'>'")
    }

    fn interval(&mut self, name: Token<'a>) -> Parsed<Shape<'a>> {
        let (units, ends): (&[&str], &[&str]) = match self.peek(0).text.to_ascii_lowercase().as_str() {
            "year" | "month" => (&["year", "month"], &["month"]),
            "day" | "hour" | "minute" | "second" => {
                (&["day", "hour", "minute", "second"], &["hour", "minute", "second"])
            }
            _ => (&[], &[]),
        };
        if self.peek(0).kind != Kind::Word || units.is_empty() {
            return self.named(name, "interval");
        }
        let from = self.take().text;
        if self.peek(0).is("to") && ends.iter().any(|end| self.peek(1).is(end)) {
            self.take();
            return Ok(Shape::Interval { from, to: Some(self.take().text) });
        }
        self.settled |= self.peek(0).is("to");
        Ok(Shape::Interval { from, to: None })
    }

    fn timestamp(&mut self, name: Token<'a>) -> Parsed<Shape<'a>> {
        if self.peek(0).is("without") && self.peek(1).is("time") {
            self.next += 1;
            self.zone()?;
            return Ok(Shape::Zoned("timestamp_ntz"));
        }
        if self.peek(0).is("with") && self.peek(1).is("local") && self.peek(2).is("time") {
            self.next += 2;
            self.zone()?;
            return Ok(Shape::Zoned("timestamp"));
        }
        self.named(name, "timestamp")
    }

    /// `TIME ZONE`.
    fn zone(&mut self) -> Parsed<()> {
        for word in ["TIME", "ZONE"] {
            if !self.accept_word(word) {
                return self.expected(|token| token.is(word), &format!("'{word}'"));
            }
        }
        Ok(())
    }

    /// Refuses the token at hand where `wanted` should stand: as surplus if that comes next, else for the lack of it if what
    /// stands here may follow a type.
    fn expected<T>(&self, wanted: impl Fn(&Token<'a>) -> bool, name: &str) -> Parsed<T> {
        let token = self.peek(0);
        if wanted(&self.peek(1)) {
            return self.refuse(0, format!(": extra input {}", shown(&token)));
        }
        let follows = token.kind == Kind::End
            || token.is_symbol(",")
            || token.is_symbol(">")
            || token.is_symbol("!")
            || token.is("not")
            || token.is("comment");
        self.refuse(0, if follows { format!(": missing {name}") } else { String::new() })
    }

    fn named(&mut self, name: Token<'a>, word: &str) -> Parsed<Shape<'a>> {
        let mut parameters = Vec::new();
        let takes_parameters =
            matches!(word, "decimal" | "dec" | "numeric" | "char" | "character" | "varchar" | "time");
        let geo = matches!(word, "geometry" | "geography");
        if self.peek(0).is_symbol("(") {
            let first = self.peek(1);
            if geo && first.is("any") && self.peek(2).is_symbol(")") {
                self.next += 3;
                return Ok(Shape::Named { name, parameters: vec![first.text], collation: None });
            }
            if first.kind == Kind::Integer || takes_parameters {
                self.take();
                parameters = self.parameters(!takes_parameters)?;
            }
        }
        let mut collation = None;
        let text = matches!(word, "char" | "character" | "varchar") || (word == "string" && parameters.is_empty());
        if text && self.peek(0).is("collate") && self.peek(1).is_name() {
            self.take();
            let mut parts = vec![self.name(true)?];
            while self.peek(0).is_symbol(".") && self.peek(1).is_name() {
                self.take();
                parts.push(self.name(true)?);
            }
            collation = Some(parts);
        }
        if word == "time" && self.peek(0).is("without") && self.peek(1).is("time") && self.peek(2).is("zone") {
            self.next += 3;
        }
        Ok(Shape::Named { name, parameters, collation })
    }

    /// Integers up to the closing parenthesis.
    fn parameters(&mut self, of_user_type: bool) -> Parsed<Vec<&'a str>> {
        let mut parameters = Vec::new();
        loop {
            if self.peek(0).kind != Kind::Integer {
                return self.refuse(0, String::new());
            }
            parameters.push(self.take().text);
            if self.accept(")") {
                return Ok(parameters);
            }
            if !self.accept(",") {
                let surplus = of_user_type && self.peek(1).is_symbol(")");
                return self.refuse(
                    0,
                    if surplus { format!(": extra input {}", shown(&self.peek(0))) } else { String::new() },
                );
            }
        }
    }
}

/// A token as error messages show it.
fn shown(token: &Token<'_>) -> String {
    if token.kind == Kind::End {
        return "end of input".to_owned();
    }
    format!("'{}'", token.text.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t"))
}

fn invalid_identifier(name: &str, token: &Token<'_>) -> Failure {
    let error = condition::error(
        ExceptionClass::Parse,
        "INVALID_IDENTIFIER",
        Some("42602"),
        &[("ident", name.to_owned())],
        &format!(
            "The unquoted identifier {name} is invalid and must be back quoted as: `{name}`.\n\
             Unquoted identifiers can only contain ASCII letters ('a' - 'z', 'A' - 'Z'), digits ('0' - '9'), and underbar ('_').\n\
             Unquoted identifiers must also not start with a digit.\n\
             Different data sources and meta stores may impose additional restrictions on valid identifiers."
        ),
    );
    Failure::Condition { error: Box::new(error), at: Some((token.line, token.column)) }
}

fn is_complex(word: &str) -> bool {
    matches!(word, "array" | "map" | "struct")
}

/// Whether `word` ends a type of several words that `before` is part of.
fn continues(before: &Token<'_>, word: &Token<'_>) -> bool {
    before.is("to") || before.is("collate") || (before.is("interval") && is_interval_unit(word.text))
}

fn is_interval_unit(word: &str) -> bool {
    ["year", "month", "day", "hour", "minute", "second"].iter().any(|unit| word.eq_ignore_ascii_case(unit))
}

/// The keywords that name types.
fn is_type_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 33] = [
        "boolean",
        "tinyint",
        "byte",
        "smallint",
        "short",
        "int",
        "integer",
        "bigint",
        "long",
        "float",
        "real",
        "double",
        "date",
        "time",
        "timestamp",
        "timestamp_ntz",
        "timestamp_ltz",
        "string",
        "character",
        "char",
        "varchar",
        "binary",
        "decimal",
        "dec",
        "numeric",
        "void",
        "interval",
        "variant",
        "array",
        "struct",
        "map",
        "geometry",
        "geography",
    ];
    KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

//! The receiver's own parser: it turns the bytes of a line, text and binary forms of every protocol version, into a [`Line`].
//!
//! A line cannot be found by searching for its line feed, because binary values may contain any byte. The parser therefore
//! reads one value after the other, and remembers its position when the input ends early, so that a line that arrives in pieces
//! costs no more than one that arrives at once. Errors have the names that QuestDB's parser uses.

mod binary;
mod decimal;
mod error;
pub(crate) mod quick;
mod text;
mod value;

pub(crate) use value::Parts;
use value::{Span, Stored};

pub use decimal::Decimal;
pub use error::{ParseError, ParseErrorKind};
pub(crate) use text::long256 as parse_long256;
pub use value::{FieldValue, Line, Long256, RawArray, Stamp, TimeUnit};

/// The most symbols and fields of a line, unless a parser has a limit of its own. Each of them needs much more memory than the few bytes that it may have in the line.
pub(crate) const MAX_VALUES: usize = 100_000;

/// The most bytes behind a value that the message about them quotes.
const MAX_WRONG: usize = 256;

/// What [`LineParser::parse`] found at the start of its input.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A row, and its length in bytes including the line end.
    Row(Line<'a>, usize),
    /// An empty line, and its length in bytes.
    Empty(usize),
    /// The line has not ended. Call again with the same bytes and more bytes after them: at least this many in total.
    NeedMore(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Table,
    Name,
    TagValue,
    FieldStart,
    FieldToken,
    String,
    Binary,
    /// After the closing quote of a string, or after the last byte of a binary value.
    AfterValue(ParseErrorKind),
    Stamp,
}

/// Parses lines, one per call, and remembers its position in a line that has not ended.
#[derive(Debug)]
pub struct LineParser {
    phase: Phase,
    /// Whether the symbols have ended.
    in_fields: bool,
    /// The offset at which the current token begins.
    token: usize,
    /// The offset up to which the current token was examined.
    scan: usize,
    /// Whether the current token contains a backslash.
    escaped: bool,
    name: Span,
    /// The offset at which the current field value begins.
    value_at: usize,
    parts: Parts,
    max_values: usize,
    /// Whether the last call ended a line, so that the next one begins a new line.
    ended: bool,
}

impl Default for LineParser {
    fn default() -> Self {
        LineParser::new()
    }
}

/// Returns how many of the bytes behind a value belong to it in the message about them.
fn wrong_end(rest: &[u8]) -> usize {
    let rest = &rest[..rest.len().min(MAX_WRONG)];
    rest.iter().position(|b| matches!(b, b',' | b' ' | b'\n' | b'\r')).unwrap_or(rest.len())
}

/// What the parser does after one step.
enum Step {
    Next,
    More(usize),
    Row,
    Empty,
}

type Stepped = Result<Step, ParseErrorKind>;

impl LineParser {
    /// Returns a parser that expects the start of a line.
    pub fn new() -> LineParser {
        LineParser {
            phase: Phase::Table,
            in_fields: false,
            token: 0,
            scan: 0,
            escaped: false,
            name: Span::default(),
            value_at: 0,
            parts: Parts::default(),
            max_values: MAX_VALUES,
            ended: false,
        }
    }

    /// Like `new`, but with a limit for the symbols and fields of a line.
    pub(crate) fn with_max_values(max_values: usize) -> LineParser {
        LineParser { max_values: max_values.min(MAX_VALUES), ..LineParser::new() }
    }

    /// Parses the line that `input` begins with. After `Row`, `Empty` or an error, the next call starts a new line.
    ///
    /// # Errors
    /// The error that QuestDB's parser would report for the line. The rest of the line is not read.
    pub fn parse<'a>(&'a mut self, input: &'a [u8]) -> Result<Progress<'a>, ParseError> {
        if self.ended {
            self.restart();
        }
        loop {
            match self.step(input) {
                Ok(Step::Next) => {}
                Ok(Step::More(total)) => return Ok(Progress::NeedMore(total.max(input.len() + 1))),
                Ok(Step::Row) => {
                    self.ended = true;
                    if self.parts.symbols.is_empty() && self.parts.fields.is_empty() {
                        return Err(self.error(input, ParseErrorKind::NoFields));
                    }
                    let line = Line { input, parts: &self.parts };
                    return Ok(Progress::Row(line, self.scan + 1));
                }
                Ok(Step::Empty) => {
                    self.ended = true;
                    return Ok(Progress::Empty(self.scan + 1));
                }
                Err(kind) => {
                    self.ended = true;
                    return Err(self.error(input, kind));
                }
            }
        }
    }

    /// Returns whether the input ended inside a binary value, where a line feed would be a part of the value.
    pub(crate) fn is_inside_binary(&self) -> bool {
        !self.ended && self.phase == Phase::Binary
    }

    /// Returns whether the next line has not been looked at.
    pub(crate) fn is_at_start(&self) -> bool {
        self.ended || (self.phase == Phase::Table && self.scan == 0)
    }

    /// Forgets a line that has not ended.
    pub fn restart(&mut self) {
        self.phase = Phase::Table;
        self.in_fields = false;
        self.token = 0;
        self.scan = 0;
        self.escaped = false;
        self.ended = false;
        self.parts.table = Span::default();
        self.parts.symbols.clear();
        self.parts.fields.clear();
        self.parts.stamp = None;
        self.parts.scratch.clear();
        self.name = Span::default();
    }

    #[cold]
    fn error(&self, input: &[u8], kind: ParseErrorKind) -> ParseError {
        let token = input.get(self.token..self.scan.min(input.len())).unwrap_or_default();
        // QuestDB shows the column name up to and including the byte that is not allowed.
        let spoiled = input.get(self.token..=self.scan).unwrap_or(token);
        // If the name is wrong, it was not stored yet. If a value is wrong, it belongs to the name that was stored last.
        let entity = match self.phase {
            Phase::Name if token.is_empty() => self.parts.text(input, self.name),
            Phase::Name if kind == ParseErrorKind::InvalidColumnName => spoiled,
            Phase::Name => token,
            _ => self.parts.text(input, self.name),
        };
        let value = match self.phase {
            // Symbols, broken strings and values that contain a NUL are not quoted in the message.
            Phase::TagValue | Phase::String => b"",
            Phase::FieldToken if input.get(self.scan) == Some(&0) => b"",
            // QuestDB shows a time without its unit.
            Phase::Stamp if kind == ParseErrorKind::InvalidTimestamp => token
                .strip_suffix(b"n")
                .or(token.strip_suffix(b"t"))
                .or(token.strip_suffix(b"m"))
                .unwrap_or(token),
            Phase::AfterValue(_) => {
                let rest = input.get(self.scan..).unwrap_or_default();
                input.get(self.value_at..self.scan + wrong_end(rest)).unwrap_or_default()
            }
            _ => token,
        };
        ParseError {
            kind,
            table: quoted(self.parts.text(input, self.parts.table)),
            entity: unescaped(entity),
            value: unescaped(value),
        }
    }

    #[inline]
    fn step(&mut self, input: &[u8]) -> Stepped {
        match self.phase {
            Phase::Table => self.table(input),
            Phase::Name => self.column_name(input),
            Phase::TagValue => self.tag_value(input),
            Phase::FieldStart => Ok(self.field_start(input)),
            Phase::FieldToken => self.field_token(input),
            Phase::String => self.string(input),
            Phase::Binary => self.binary(input),
            Phase::AfterValue(kind) => self.after_value(input, kind),
            Phase::Stamp => self.stamp(input),
        }
    }

    fn table(&mut self, input: &[u8]) -> Stepped {
        let Some(end) = self.token_end(input, NAME, Some(ParseErrorKind::InvalidTableName))? else {
            return Ok(Step::More(0));
        };
        match end {
            b'\n' | b'\r' if self.scan == 0 => return Ok(Step::Empty),
            // QuestDB ignores an equals sign at the very start of a line.
            b'=' if self.scan == 0 => {
                self.begin_token(1);
                return Ok(Step::Next);
            }
            b',' => {}
            b' ' => self.in_fields = true,
            0 | b'/' => return Err(ParseErrorKind::InvalidTableName),
            _ => return Err(ParseErrorKind::NoFields),
        }
        self.parts.table = self.take(input);
        self.next_token(Phase::Name);
        Ok(Step::Next)
    }

    fn column_name(&mut self, input: &[u8]) -> Stepped {
        let Some(end) = self.token_end(input, NAME, Some(ParseErrorKind::InvalidColumnName))?
        else {
            return Ok(Step::More(0));
        };
        let empty = self.token == self.scan;
        match (end, empty, self.in_fields) {
            (0 | b'/', ..) => return Err(ParseErrorKind::InvalidColumnName),
            (b'=', true, true) => return Err(ParseErrorKind::IncompleteField),
            (b'=', true, false) => return Err(ParseErrorKind::IncompleteTag),
            (b'=', false, _)
                if self.parts.symbols.len() + self.parts.fields.len() >= self.max_values =>
            {
                return Err(ParseErrorKind::TooManyValues);
            }
            (b'=', false, in_fields) => {
                self.name = self.take(input);
                self.next_token(if in_fields { Phase::FieldStart } else { Phase::TagValue });
            }
            (b' ', true, true) => self.next_token(Phase::Stamp),
            (b' ', true, false) => {
                self.in_fields = true;
                self.next_token(Phase::Name);
            }
            (b'\n' | b'\r', true, _) => return Ok(Step::Row),
            // A single token after the symbols is the timestamp.
            (b'\n' | b'\r', false, true)
                if self.parts.fields.is_empty() && !self.parts.symbols.is_empty() =>
            {
                self.phase = Phase::Stamp;
            }
            (.., true) => return Err(ParseErrorKind::MissingFieldValue),
            (.., false) => return Err(ParseErrorKind::MissingTagValue),
        }
        Ok(Step::Next)
    }

    fn tag_value(&mut self, input: &[u8]) -> Stepped {
        let Some(end) = self.token_end(input, VALUE, None)? else {
            return Ok(Step::More(0));
        };
        match end {
            b'=' => return Err(ParseErrorKind::InvalidFieldSeparator),
            0 => return Err(ParseErrorKind::InvalidFieldValue),
            _ => {}
        }
        let value = self.take(input);
        self.parts.symbols.push((self.name, value));
        match end {
            b',' => self.next_token(Phase::Name),
            b' ' => {
                self.in_fields = true;
                self.next_token(Phase::Name);
            }
            _ => return Ok(Step::Row),
        }
        Ok(Step::Next)
    }

    fn field_start(&mut self, input: &[u8]) -> Step {
        self.value_at = self.token;
        match input.get(self.token) {
            None => return Step::More(0),
            Some(b'"') => self.next_token(Phase::String),
            Some(b'=') => self.next_token(Phase::Binary),
            Some(_) => self.phase = Phase::FieldToken,
        }
        Step::Next
    }

    fn field_token(&mut self, input: &[u8]) -> Stepped {
        let Some(end) = self.token_end(input, VALUE, None)? else {
            return Ok(Step::More(0));
        };
        match end {
            b'=' => return Err(ParseErrorKind::InvalidFieldSeparator),
            0 => return Err(ParseErrorKind::InvalidFieldValue),
            _ => {}
        }
        let token = self.take(input);
        let value = text::field(self.parts.text(input, token))?;
        self.parts.fields.push((self.name, value));
        Ok(self.after_field(end))
    }

    fn string(&mut self, input: &[u8]) -> Stepped {
        let Some(end) = self.token_end(input, STRING, None)? else {
            return Ok(Step::More(0));
        };
        if end != b'"' {
            return Err(ParseErrorKind::InvalidFieldValue);
        }
        let value = self.take(input);
        self.parts.fields.push((self.name, Stored::String(value)));
        self.next_token(Phase::AfterValue(ParseErrorKind::InvalidFieldValue));
        Ok(Step::Next)
    }

    fn binary(&mut self, input: &[u8]) -> Stepped {
        match binary::field(input, self.token)? {
            binary::Read::More(total) => Ok(Step::More(total)),
            binary::Read::Value(value, end) => {
                self.parts.fields.push((self.name, value));
                self.phase = Phase::AfterValue(ParseErrorKind::InvalidFieldSeparator);
                self.begin_token(end);
                Ok(Step::Next)
            }
        }
    }

    fn after_value(&mut self, input: &[u8], otherwise: ParseErrorKind) -> Stepped {
        match input.get(self.scan) {
            None => Ok(Step::More(0)),
            Some(end @ (b',' | b' ' | b'\n' | b'\r')) => Ok(self.after_field(*end)),
            // The message quotes the value, so its end is waited for: the same line has the same message in whatever pieces it comes.
            Some(_) => match wrong_end(&input[self.scan..]) {
                len if len == input.len() - self.scan && len < MAX_WRONG => Ok(Step::More(0)),
                _ => Err(otherwise),
            },
        }
    }

    fn after_field(&mut self, end: u8) -> Step {
        match end {
            b',' => self.next_token(Phase::Name),
            b' ' => self.next_token(Phase::Stamp),
            _ => return Step::Row,
        }
        Step::Next
    }

    fn stamp(&mut self, input: &[u8]) -> Stepped {
        let Some(end) = self.token_end(input, NAME, None)? else {
            return Ok(Step::More(0));
        };
        match end {
            b'\n' | b'\r' if self.token == self.scan => Ok(Step::Row),
            b'\n' | b'\r' => {
                let token = self.take(input);
                let stamp = text::stamp(self.parts.text(input, token));
                self.parts.stamp = Some(stamp.ok_or(ParseErrorKind::InvalidTimestamp)?);
                Ok(Step::Row)
            }
            0 | b'/' => Err(ParseErrorKind::Unnamed),
            _ => Err(ParseErrorKind::InvalidFieldSeparator),
        }
    }

    /// Moves to the byte that ends the token and returns it, or returns `None` if the input ends first.
    #[inline]
    fn token_end(
        &mut self,
        input: &[u8],
        class: u8,
        double_backslash: Option<ParseErrorKind>,
    ) -> Result<Option<u8>, ParseErrorKind> {
        loop {
            let rest = &input[self.scan..];
            let Some(skip) = rest.iter().position(|b| CLASSES[usize::from(*b)] & class != 0) else {
                self.scan = input.len();
                return Ok(None);
            };
            self.scan += skip;
            let end = input[self.scan];
            if end != b'\\' {
                return Ok(Some(end));
            }
            match (input.get(self.scan + 1), double_backslash) {
                (None, _) => return Ok(None),
                (Some(b'\\'), Some(kind)) => return Err(kind),
                (Some(_), _) => {
                    self.escaped = true;
                    self.scan += 2;
                }
            }
        }
    }

    #[inline]
    fn take(&mut self, input: &[u8]) -> Span {
        if !self.escaped {
            return Span { start: self.token, end: self.scan, unescaped: false };
        }
        let scratch = &mut self.parts.scratch;
        let start = scratch.len();
        let mut bytes = input[self.token..self.scan].iter();
        while let Some(b) = bytes.next() {
            // The byte after a backslash stands for itself, whatever it is.
            scratch.extend(if *b == b'\\' { bytes.next() } else { Some(b) });
        }
        Span { start, end: scratch.len(), unescaped: true }
    }

    #[inline]
    fn next_token(&mut self, phase: Phase) {
        self.phase = phase;
        // The token that ends here may have been entered without looking past its first byte.
        let end = self.scan.max(self.token);
        self.begin_token(end + 1);
    }

    #[inline]
    fn begin_token(&mut self, at: usize) {
        self.token = at;
        self.scan = at;
        self.escaped = false;
    }
}

/// Formats a name or value for a message: like QuestDB, up to the first byte that is not UTF-8, and with a limited length.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    const MAX: usize = 256;
    let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    valid.chars().take(MAX).collect()
}

/// Like [`quoted`], but removes the backslashes that escape other characters.
fn unescaped(bytes: &[u8]) -> String {
    let mut plain = Vec::new();
    let mut rest = bytes.iter();
    while let Some(b) = rest.next() {
        // A backslash that is the last character is shown.
        plain.push(if *b == b'\\' { *rest.next().unwrap_or(b) } else { *b });
    }
    quoted(&plain)
}

const NAME: u8 = 1;
const VALUE: u8 = 2;
const STRING: u8 = 4;

/// For each byte, the kinds of tokens whose scan it stops.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    classes[b'\n' as usize] = NAME | VALUE | STRING;
    classes[b'\\' as usize] = NAME | VALUE | STRING;
    classes[b'\r' as usize] = NAME | VALUE;
    classes[b',' as usize] = NAME | VALUE;
    classes[b'=' as usize] = NAME | VALUE;
    classes[b' ' as usize] = NAME | VALUE;
    classes[0] = NAME | VALUE;
    classes[b'/' as usize] = NAME;
    classes[b'"' as usize] = STRING;
    classes
};

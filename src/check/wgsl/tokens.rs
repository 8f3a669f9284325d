//! A small tokenizer of WGSL: enough for edits of one token, since naga refuses what it gets wrong.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A keyword or a name.
    Word,
    /// A literal number.
    Number,
    /// Anything else.
    Sign,
}

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its text.
    pub text: &'a str,
    /// Its first byte in the file.
    pub start: usize,
    /// Whether it stands inside the `< >` of a type.
    pub template: bool,
}

impl Token<'_> {
    /// Its bytes in the file.
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }
}

/// Signs of more than one character, the longest first; and those that may open or close a list of types.
const SIGNS: [&str; 24] = [
    "<<=", ">>=", "->", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>", "<=", ">=", "==", "!=",
    "&&", "||", "<", ">", "-",
];

/// Words that a list of types follows in `< >`.
const TEMPLATED: [&str; 12] =
    ["var", "array", "ptr", "bitcast", "atomic", "vec2", "vec3", "vec4", "mat2x2", "mat3x3", "mat4x4", "mat4x2"];

/// The tokens of `text` without comments and attributes, which are the declaration's and no part of the arithmetic.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found: Vec<Token> = Vec::new();
    let (mut at, mut depth) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        if let Some(size) = skipped(rest) {
            at += size;
            continue;
        }
        let (kind, mut size) = token(rest);
        if depth > 0 && rest.starts_with('>') {
            size = 1; // a `>>` that closes two lists is two signs
        }
        let word = &rest[..size];
        depth += usize::from(word == "<" && found.last().is_some_and(|last| TEMPLATED.contains(&last.text)));
        found.push(Token { kind, text: word, start: at, template: depth > 0 });
        depth -= usize::from(depth > 0 && word == ">");
        at += size;
    }
    found
}

/// Length of the comment, attribute or white space that `rest` begins with.
fn skipped(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if let Some(attribute) = rest.strip_prefix('@') {
        let name = 1 + run(attribute, |c| c.is_alphanumeric() || c == '_');
        let arguments = rest[name..].starts_with('(');
        return Some(if arguments { rest.find(')').map_or(rest.len(), |end| end + 1) } else { name });
    }
    rest.starts_with(char::is_whitespace).then(|| run(rest, char::is_whitespace))
}

/// Kind and length of the token that `rest` begins with.
fn token(rest: &str) -> (Kind, usize) {
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return (Kind::Number, number(rest));
    }
    match run(rest, |c| c.is_alphanumeric() || c == '_') {
        0 => {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign)).map(|sign| sign.len());
            (Kind::Sign, sign.unwrap_or_else(|| rest.chars().next().map_or(1, char::len_utf8)))
        }
        length => (Kind::Word, length),
    }
}

/// Length of a number: digits, point and suffix, and behind an exponent's letter its sign and digits.
fn number(rest: &str) -> usize {
    let size = run(rest, |c| c.is_alphanumeric() || c == '.');
    let exponent = if rest.starts_with("0x") { 'p' } else { 'e' };
    match rest[..size].ends_with(exponent) && size < rest.len() {
        true => size + 1 + run(&rest[size + 1..], char::is_alphanumeric),
        false => size,
    }
}

/// Length of what `accept` takes at the beginning of `rest`.
fn run(rest: &str, accept: impl Fn(char) -> bool) -> usize {
    rest.find(|c| !accept(c)).unwrap_or(rest.len())
}

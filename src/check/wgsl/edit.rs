//! One-token changes.

use super::{Kind, Token, tokens};
use std::ops::Range;

/// One change of a shader file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What it replaces, in bytes of the file.
    pub at: Range<usize>,
    /// What stands there instead.
    pub replace: String,
}

impl Edit {
    /// The changed text.
    pub fn apply(&self, text: &str) -> String {
        [&text[..self.at.start], &self.replace, &text[self.at.end..]].concat()
    }

    /// `line: the changed line`, which names a mutant for people.
    pub fn describe(&self, text: &str) -> (usize, String) {
        let line = text[..self.at.start].matches('\n').count();
        let changed = self.apply(text);
        (line + 1, changed.lines().nth(line).unwrap_or_default().trim().to_string())
    }
}

/// Every arithmetic and comparison operator, constant, component, `min` and `max`, and barrier of `text`, each changed once.
pub fn edits(text: &str) -> Vec<Edit> {
    let tokens = tokens(text);
    let mut edits = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| tokens[i].text);
        let replace = match token.kind {
            Kind::Number => Some(other_number(token.text, token.template)),
            Kind::Sign if token.template => None,
            Kind::Sign => other_sign(token.text, operand_before(i.checked_sub(1).map(|i| &tokens[i]))),
            Kind::Word if before == Some(".") => other_components(token.text),
            Kind::Word => match token.text {
                "min" => Some("max".into()),
                "max" => Some("min".into()),
                _ => None,
            },
        };
        let barrier = token.text == "workgroupBarrier";
        let at = if barrier { token.start..token.start + "workgroupBarrier();".len() } else { token.range() };
        if let Some(replace) = if barrier { Some(String::new()) } else { replace } {
            edits.push(Edit { at, replace });
        }
    }
    edits
}

/// Whether a sign behind `token` stands between two operands.
fn operand_before(token: Option<&Token>) -> bool {
    token.is_some_and(|token| match token.kind {
        Kind::Number => true,
        Kind::Word => token.text != "return",
        Kind::Sign => matches!(token.text, ")" | "]"),
    })
}

fn other_sign(sign: &str, binary: bool) -> Option<String> {
    if !binary {
        // a negation; `*` and `&` before an operand belong to pointers
        return (sign == "-").then(String::new);
    }
    let other = match sign {
        "+" => "-",
        "-" => "+",
        "*" => "+",
        "/" => "*",
        "%" => "/",
        "+=" => "-=",
        "-=" => "+=",
        "*=" => "/=",
        "/=" => "*=",
        "^=" => "|=",
        "++" => "--",
        "&" => "|",
        "|" => "&",
        "^" => "&",
        "<<" => ">>",
        ">>" => "<<",
        "&&" => "||",
        "||" => "&&",
        "<" => "<=",
        "<=" => "<",
        ">" => ">=",
        ">=" => ">",
        "==" => "!=",
        "!=" => "==",
        _ => return None,
    };
    Some(other.into())
}

/// One more, for a whole number (one less for the length of an array); twice as much, or 1 for 0, for a float.
fn other_number(number: &str, length: bool) -> String {
    let whole = number.strip_suffix('u').unwrap_or(number);
    let suffix = &number[whole.len()..];
    let parsed = match whole.strip_prefix("0x") {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
        None => whole.parse(),
    };
    match parsed {
        Ok(value) if length => format!("{}{suffix}", value - 1),
        Ok(value) => format!("{}{suffix}", value.wrapping_add(1)),
        Err(_) if whole.parse() == Ok(0.0) => "1.0".into(),
        Err(_) => format!("(2.0 * {number})"),
    }
}

/// The neighbouring component for one, the reverse of several.
fn other_components(components: &str) -> Option<String> {
    if !components.chars().all(|c| "xyzw".contains(c)) {
        return None;
    }
    Some(match components {
        "x" => "y".into(),
        "y" => "x".into(),
        "z" => "x".into(),
        "w" => "z".into(),
        several => several.chars().rev().collect(),
    })
}

//! Edits of WGSL text: a small tokenizer, the one-token changes that make mutants, a bound for every loop, watched loads.

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    Number,
    Sign,
}

#[derive(Clone, Debug)]
struct Token<'a> {
    kind: Kind,
    text: &'a str,
    start: usize,
    /// Inside `< >` of a type.
    template: bool,
}

impl Token<'_> {
    fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }
}

const SIGNS: [&str; 24] = [
    "<<=", ">>=", "->", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>", "<=", ">=", "==", "!=",
    "&&", "||", "<", ">", "-",
];

/// Words that a list of types follows in `< >`.
const TEMPLATED: [&str; 12] =
    ["var", "array", "ptr", "bitcast", "atomic", "vec2", "vec3", "vec4", "mat2x2", "mat3x3", "mat4x4", "mat4x2"];

const COMPARISONS: [&str; 4] = ["==", "!=", "<=", ">="];

/// Tokens without comments and attributes, which the reflection test holds against the SPEC.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found: Vec<Token> = Vec::new();
    let (mut at, mut depth) = (0, 0);
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = |accept: fn(char) -> bool| rest.find(|c| !accept(c)).unwrap_or(rest.len());
        if rest.starts_with("//") {
            at += length(|c| c != '\n');
            continue;
        }
        if first == '@' {
            let name = 1 + rest[1..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len() - 1);
            let arguments = rest[name..].starts_with('(');
            at += if arguments { rest.find(')').map_or(rest.len(), |end| end + 1) } else { name };
            continue;
        }
        if first.is_whitespace() {
            at += length(char::is_whitespace);
            continue;
        }
        let (kind, size) = if first.is_ascii_digit() {
            let mut size = length(|c| c.is_alphanumeric() || c == '.');
            let exponent = !rest.starts_with("0x") && rest[..size].ends_with('e')
                || rest.starts_with("0x") && rest[..size].ends_with('p');
            if exponent {
                size += 1 + rest[size + 1..].find(|c: char| !c.is_alphanumeric()).unwrap_or(0);
            }
            (Kind::Number, size)
        } else if first.is_alphabetic() || first == '_' {
            (Kind::Word, length(|c| c.is_alphanumeric() || c == '_'))
        } else {
            (Kind::Sign, SIGNS.iter().find(|sign| rest.starts_with(**sign)).map_or(first.len_utf8(), |sign| sign.len()))
        };
        let opens = &rest[..size] == "<" && found.last().is_some_and(|last| TEMPLATED.contains(&last.text));
        // a `>>` that closes two lists is two signs
        let size = if depth > 0 && first == '>' { 1 } else { size };
        depth += usize::from(opens);
        found.push(Token { kind, text: &rest[..size], start: at, template: depth > 0 });
        if depth > 0 && &rest[..size] == ">" {
            depth -= 1;
        }
        at += size;
    }
    found
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

/// `text` with other words in places that do not overlap.
fn replaced(text: &str, mut places: Vec<(Range<usize>, String)>) -> String {
    places.sort_by_key(|(at, _)| at.start);
    let (mut changed, mut done) = (String::new(), 0);
    for (at, words) in places {
        changed += &text[done..at.start];
        changed += &words;
        done = at.end;
    }
    changed + &text[done..]
}

/// Gives every loop of `text` a bound, so that a mutant of its condition ends.
pub fn bound_loops(text: &str, rounds: u32) -> String {
    let tokens = tokens(text);
    let mut inserts = Vec::new();
    for (number, (i, keyword)) in
        tokens.iter().enumerate().filter(|(_, token)| matches!(token.text, "for" | "while" | "loop")).enumerate()
    {
        if let Some(body) = tokens[i..].iter().find(|token| token.text == "{") {
            inserts.push((keyword.start..keyword.start, format!("var rounds_{number} = 0u; ")));
            // leaving main at once leaves outputs unwritten, so that a loop without an end is seen as such
            let in_main =
                tokens[..i].iter().rposition(|token| token.text == "fn").is_some_and(|f| tokens[f + 1].text == "main");
            let leave = if in_main { "return" } else { "break" };
            let stop = format!(" if rounds_{number} >= {rounds}u {{ {leave}; }} rounds_{number}++;");
            inserts.push((body.start + 1..body.start + 1, stop));
        }
    }
    replaced(text, inserts)
}

/// `text` with every load from a storage buffer watched: one past the buffer's end, or of a word with the bits of one of `marks`,
/// puts zeros over the end of a buffer that the shader writes. So reads out of range are seen where their values are dropped.
pub fn watch_loads(text: &str, marks: [u32; 2]) -> String {
    let tokens = tokens(text);
    let is = |i: usize, expected: &str| tokens.get(i).is_some_and(|token| token.text == expected);
    // `var < storage , ACCESS > NAME : array < TYPE >`
    let buffers: Vec<[&str; 3]> = (0..tokens.len())
        .filter(|&i| is(i, "var") && is(i + 2, "storage") && is(i + 8, "array"))
        .map(|i| [tokens[i + 6].text, tokens[i + 10].text, tokens[i + 4].text])
        .collect();
    let Some([sink, zeros, _]) = buffers.iter().find(|[.., access]| *access == "read_write") else {
        return text.into();
    };
    let closing = |open: usize| {
        let mut depth = 0;
        (open..tokens.len()).find(|&i| {
            depth += i32::from(tokens[i].text == "[") - i32::from(tokens[i].text == "]");
            depth == 0
        })
    };
    let mut places = Vec::new();
    for (i, token) in tokens.iter().enumerate().filter(|(i, _)| is(i + 1, "[")) {
        let Some(close) = closing(i + 1).filter(|_| buffers.iter().any(|[name, ..]| *name == token.text)) else {
            continue;
        };
        let mut next = close + 1;
        while is(next, ".") || is(next, "[") {
            next = if is(next, ".") { next + 2 } else { closing(next).map_or(tokens.len(), |end| end + 1) };
        }
        let stored =
            tokens.get(next).is_some_and(|after| after.text.ends_with('=') && !COMPARISONS.contains(&after.text));
        if !stored {
            places.push((token.start..tokens[i + 1].start + 1, format!("load_{}(", token.text)));
            places.push((tokens[close].range(), ")".into()));
        }
    }
    let watched = buffers.iter().map(|[name, kind, _]| {
        let bits = match *kind {
            "f32" | "u32" => "vec4u(bitcast<u32>(value))",
            "vec4f" => "bitcast<vec4u>(value)",
            _ => "vec4u()",
        };
        format!(
            "\nfn load_{name}(index: u32) -> {kind} {{
    let value = {name}[index];
    let bits = {bits};
    if index >= arrayLength(&{name}) || any((bits == vec4u({}u)) | (bits == vec4u({}u))) {{
        {sink}[arrayLength(&{sink}) - 1u] = {zeros}();
    }}
    return value;
}}",
            marks[0], marks[1]
        )
    });
    replaced(text, places) + &watched.collect::<String>()
}

/// `text` with the 64 or 256 invocations of its workgroup numbered in two other ways, so that neighbours run apart and the first
/// comes first or last, with its workgroups numbered from the last to the first, and with no more than three subgroups told: what a
/// shader computes may not depend on it. Nothing where the shader asks for none of these.
pub fn shuffled(text: &str) -> Vec<String> {
    const LANE: &str = "@builtin(local_invocation_index) lane: u32) {";
    let side = if text.contains("@workgroup_size(256)") { 16 } else { 8 };
    let last = side * side - 1;
    let transposed = format!("{side}u * (physical % {side}u) + physical / {side}u");
    let renumbered = |numbering: String| {
        text.replace(LANE, &format!("@builtin(local_invocation_index) physical: u32) {{\n    let lane = {numbering};"))
    };
    let lanes = [transposed.clone(), format!("{last}u - ({transposed})")].map(renumbered);

    const GROUP: &str = "@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,";
    let reversed = text.split_once(GROUP).and_then(|(before, after)| {
        let (parameters, body) = after.split_once(") {")?;
        let group = GROUP.replace("workgroup: vec3u", "physical_group: vec3u");
        Some(format!("{before}{group}{parameters}) {{\n    let workgroup = groups - 1u - physical_group;{body}"))
    });

    const SUBGROUPS: &str = "@builtin(num_subgroups) subgroups: u32,";
    let few = text.contains(SUBGROUPS).then(|| {
        let told = text.replace(SUBGROUPS, "@builtin(num_subgroups) physical_subgroups: u32,");
        told.replace(LANE, &format!("{LANE}\n    let subgroups = min(physical_subgroups, 3u);"))
    });
    lanes.into_iter().filter(|_| text.contains(LANE)).chain(reversed).chain(few).collect()
}

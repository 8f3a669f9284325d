//! Loads watched: reads out of range, or of guards, are seen though their values are dropped.

use super::{Token, replaced, tokens};

/// A storage buffer that holds an array.
struct Buffer<'a> {
    name: &'a str,
    element: &'a str,
    writable: bool,
}

/// Comparisons that end in `=`, as assignments do.
const COMPARISONS: [&str; 4] = ["==", "!=", "<=", ">="];

/// `text` with every load from a storage buffer watched: one past the buffer's end, or of a word with the bits of one of `marks`,
/// puts zeros over the end of a buffer that the shader writes. So reads out of range are seen where their values are dropped.
pub fn watch_loads(text: &str, marks: [u32; 2]) -> String {
    let tokens = tokens(text);
    let buffers = buffers(&tokens);
    let Some(sink) = buffers.iter().find(|buffer| buffer.writable) else {
        return text.into();
    };
    let mut places = Vec::new();
    for (i, token) in tokens.iter().enumerate().filter(|(i, _)| is(&tokens, i + 1, "[")) {
        let Some(close) = closing(&tokens, i + 1).filter(|_| buffers.iter().any(|buffer| buffer.name == token.text))
        else {
            continue;
        };
        if !stored(&tokens, close + 1) {
            places.push((token.start..tokens[i + 1].start + 1, format!("load_{}(", token.text)));
            places.push((tokens[close].range(), ")".into()));
        }
    }
    replaced(text, places) + &buffers.iter().map(|buffer| loader(buffer, sink, marks)).collect::<String>()
}

fn is(tokens: &[Token], i: usize, expected: &str) -> bool {
    tokens.get(i).is_some_and(|token| token.text == expected)
}

/// Every `var<storage, ACCESS> NAME: array<ELEMENT>`.
fn buffers<'a>(tokens: &[Token<'a>]) -> Vec<Buffer<'a>> {
    let declared = |declaration: &[Token<'a>]| match declaration {
        [var, _, storage, _, access, _, name, _, array, _, element]
            if (var.text, storage.text, array.text) == ("var", "storage", "array") =>
        {
            Some(Buffer { name: name.text, element: element.text, writable: access.text == "read_write" })
        }
        _ => None,
    };
    tokens.windows(11).filter_map(declared).collect()
}

/// The `]` that belongs to the `[` at `open`.
fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0;
    (open..tokens.len()).find(|&i| {
        depth += i32::from(tokens[i].text == "[") - i32::from(tokens[i].text == "]");
        depth == 0
    })
}

/// Whether what ends before token `next` is assigned to, there or in a component of it.
fn stored(tokens: &[Token], mut next: usize) -> bool {
    while is(tokens, next, ".") || is(tokens, next, "[") {
        next = match is(tokens, next, ".") {
            true => next + 2,
            false => closing(tokens, next).map_or(tokens.len(), |end| end + 1),
        };
    }
    tokens.get(next).is_some_and(|after| after.text.ends_with('=') && !COMPARISONS.contains(&after.text))
}

/// The function that loads from `buffer` and, where it should not have, tells so in `sink`.
fn loader(buffer: &Buffer, sink: &Buffer, [one, other]: [u32; 2]) -> String {
    let Buffer { name, element, .. } = buffer;
    let Buffer { name: sink, element: zeros, .. } = sink;
    let bits = match *element {
        "f32" | "u32" => "vec4u(bitcast<u32>(value))",
        "vec4f" => "bitcast<vec4u>(value)",
        _ => "vec4u()",
    };
    format!(
        "\nfn load_{name}(index: u32) -> {element} {{
    let value = {name}[index];
    let bits = {bits};
    if index >= arrayLength(&{name}) || any((bits == vec4u({one}u)) | (bits == vec4u({other}u))) {{
        {sink}[arrayLength(&{sink}) - 1u] = {zeros}();
    }}
    return value;
}}"
    )
}

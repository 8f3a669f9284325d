//! A bound for every loop.

use super::{replaced, tokens};

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

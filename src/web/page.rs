//! One file of HTML: a page's markup with style, modules and data written into it.

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Compression, write::ZlibEncoder};
use serde::Serialize;
use std::io::Write;

/// The sources of a page, from `src/web/page/`.
pub struct Page {
    /// Markup, with a line `<!-- style -->`, `<!-- data -->` and `<!-- script -->` for the other parts.
    pub markup: &'static str,
    /// Style sheets, in order.
    pub styles: &'static [&'static str],
    /// JavaScript modules, each behind those that it imports. They become one: imports, which take one line each, are left out, so
    /// that no two may declare the same name.
    pub modules: &'static [&'static str],
}

impl Page {
    /// The page under this title, with `data` for its script.
    pub fn render(&self, title: &str, data: &impl Serialize) -> String {
        let json = serde_json::to_string(data).expect("plain numbers and names");
        let parts = [
            ("<!-- title -->", escaped(title)),
            ("<!-- style -->", format!("<style>\n{}</style>", self.styles.concat())),
            // nothing within a script element may look like its end
            (
                "<!-- data -->",
                format!("<script type=\"application/json\" id=\"data\">{}</script>", json.replace('<', "\\u003c")),
            ),
            ("<!-- script -->", format!("<script type=\"module\">\n{}</script>", joined(self.modules))),
        ];
        fill(self.markup, &parts)
    }
}

/// Markup with every part in the place of its mark. A mark within a part stays as it is.
pub(super) fn fill(markup: &str, parts: &[(&str, String)]) -> String {
    let (mut page, mut rest) = (String::new(), markup);
    while let Some(start) = rest.find("<!-- ") {
        let (part, length) = parts
            .iter()
            .find(|(mark, _)| rest[start..].starts_with(mark))
            .map_or(("<!-- ", "<!-- ".len()), |(mark, part)| (part.as_str(), mark.len()));
        page += &rest[..start];
        page += part;
        rest = &rest[start + length..];
    }
    page + rest
}

/// Modules as one: without the lines that import, and without the word `export`.
fn joined(modules: &[&str]) -> String {
    let lines = modules.iter().flat_map(|module| module.lines()).filter(|line| !line.starts_with("import "));
    lines.map(|line| line.strip_prefix("export ").unwrap_or(line)).flat_map(|line| [line, "\n"]).collect()
}

/// Text between tags, or in an attribute.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Bytes as they are written into JSON.
pub fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// Bytes compressed by zlib, which browsers call `deflate`, in base64.
pub fn compressed(bytes: &[u8]) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    base64(&written.expect("a vector takes all bytes"))
}

//! Invocations in other orders: what a shader computes may not depend on which of them run first.

use super::{replaced, tokens};
use naga::{BuiltIn, Module};

/// The parameters of `main`, by their builtin.
struct Entry {
    parameters: Vec<(BuiltIn, String)>,
    workgroup: [u32; 3],
    /// Where the list of parameters and the body begin, in bytes.
    list: usize,
    body: usize,
}

/// `text` with the invocations of its workgroup numbered in two other ways, so that neighbours run apart and the first comes
/// first or last; with its workgroups numbered from the last to the first; and with no more than three subgroups told. A software
/// driver runs invocations in order, which can hide a race. A shader in which an invocation's place in its subgroup matters keeps
/// the order within a workgroup.
///
/// # Errors
/// What of the shader is not understood, and would go unshuffled: text that does not parse, an entry point other than `main`,
/// builtins in a struct, a builtin unknown here.
pub fn shuffled(text: &str) -> Result<Vec<String>, String> {
    let entry = entry(text)?;
    let takes = |builtin: BuiltIn| entry.parameters.iter().any(|(found, _)| *found == builtin);
    let [x, y, z] = entry.workgroup;
    let count = x * y * z;
    let pinned = takes(BuiltIn::SubgroupInvocationId) || takes(BuiltIn::SubgroupSize);
    let lanes =
        [BuiltIn::LocalInvocationIndex, BuiltIn::LocalInvocationId, BuiltIn::GlobalInvocationId].into_iter().any(takes);
    let groups = [BuiltIn::WorkGroupId, BuiltIn::GlobalInvocationId].into_iter().any(takes);

    let mut ways = Vec::new();
    if lanes && !pinned && count > 1 {
        let stride = (1..=count).filter(|side| count % side == 0 && side * side <= count).max().unwrap_or(1);
        let apart = |lane: &str| {
            format!("({} * ({lane} % {stride}u) + {lane} / {stride}u)", format_args!("{}u", count / stride))
        };
        ways.push(entry.renumbered(text, |lane| apart(lane), false));
        ways.push(entry.renumbered(text, |lane| format!("({}u - {})", count - 1, apart(lane)), false));
    }
    if groups {
        ways.push(entry.renumbered(text, str::to_string, true));
    }
    if let Some((_, name)) = entry.parameters.iter().find(|(builtin, _)| *builtin == BuiltIn::NumSubgroups) {
        ways.push(entry.rewritten(text, &[name], &format!("let {name} = min(physical_{name}, 3u);"), ""));
    }
    Ok(ways)
}

fn entry(text: &str) -> Result<Entry, String> {
    let module: Module = naga::front::wgsl::parse_str(text).map_err(|error| error.to_string())?;
    let main = module.entry_points.iter().find(|entry| entry.name == "main").ok_or("it has no entry point `main`")?;
    let mut parameters = Vec::new();
    for argument in &main.function.arguments {
        let name = argument.name.clone().unwrap_or_default();
        match argument.binding {
            Some(naga::Binding::BuiltIn(builtin)) if known(builtin) => parameters.push((builtin, name)),
            Some(_) => return Err(format!("`main` takes {name}, a builtin that is not known here")),
            None => return Err(format!("`main` takes {name}, a struct: name each builtin as a parameter")),
        }
    }
    let tokens = tokens(text);
    let main_at = tokens.windows(3).find(|three| three.iter().map(|token| token.text).eq(["fn", "main", "("]));
    let list = main_at.map(|three| three[2].range().end).ok_or("`fn main(` is not in its text")?;
    let body = tokens.iter().find(|token| token.start >= list && token.text == "{").ok_or("`main` has no body")?;
    Ok(Entry { parameters, workgroup: main.workgroup_size, list, body: body.range().end })
}

/// What tells invocations, workgroups and subgroups apart, all of which is either renumbered or deliberately kept.
fn known(builtin: BuiltIn) -> bool {
    matches!(
        builtin,
        BuiltIn::LocalInvocationIndex
            | BuiltIn::LocalInvocationId
            | BuiltIn::GlobalInvocationId
            | BuiltIn::WorkGroupId
            | BuiltIn::NumWorkGroups
            | BuiltIn::NumSubgroups
            | BuiltIn::SubgroupId
            | BuiltIn::SubgroupInvocationId
            | BuiltIn::SubgroupSize
    )
}

impl Entry {
    /// The shader with `lane` of an invocation's number in its workgroup, and with the workgroups from the last to the first
    /// where `reversed`.
    fn renumbered(&self, text: &str, lane: impl Fn(&str) -> String, reversed: bool) -> String {
        let [x, y, z] = self.workgroup;
        let size = format!("vec3u({x}u, {y}u, {z}u)");
        let flat = |local: &str| format!("({local}.x + {x}u * ({local}.y + {y}u * {local}.z))");
        let place = |flat: &str| format!("vec3u({flat} % {x}u, {flat} / {x}u % {y}u, {flat} / {}u)", x * y);
        let known = self.parameters.iter().find(|(builtin, _)| *builtin == BuiltIn::NumWorkGroups);
        let groups = known.map_or("physical_groups", |(_, name)| name);
        let group = |group: String| if reversed { format!("({groups} - 1u - {group})") } else { group };
        let (mut names, mut lets) = (Vec::new(), String::new());
        for (builtin, name) in &self.parameters {
            let given = format!("physical_{name}");
            let value = match builtin {
                BuiltIn::LocalInvocationIndex => lane(&given),
                BuiltIn::LocalInvocationId => place(&lane(&flat(&given))),
                BuiltIn::WorkGroupId => group(given),
                BuiltIn::GlobalInvocationId => {
                    let local = place(&lane(&flat(&format!("({given} % {size})"))));
                    format!("{} * {size} + {local}", group(format!("({given} / {size})")))
                }
                _ => continue,
            };
            names.push(name);
            lets += &format!(" let {name} = {value};");
        }
        let added = if reversed && known.is_none() { "@builtin(num_workgroups) physical_groups: vec3u, " } else { "" };
        self.rewritten(text, &names, &lets, added)
    }

    /// The shader with the parameters `names` called physical, `added` parameters, and `lets` at the beginning of its body.
    fn rewritten(&self, text: &str, names: &[&String], lets: &str, added: &str) -> String {
        let mut places = vec![(self.list..self.list, added.to_string()), (self.body..self.body, lets.to_string())];
        for token in tokens(text).iter().filter(|token| (self.list..self.body).contains(&token.start)) {
            if names.iter().any(|name| *name == token.text) {
                places.push((token.start..token.start, "physical_".into()));
            }
        }
        replaced(text, places)
    }
}

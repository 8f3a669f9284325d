/// Automatic mutants that change nothing a case could see.
pub const EQUIVALENT: &[Equivalent] = &[];

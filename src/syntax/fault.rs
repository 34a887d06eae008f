//! What the scan finds wrong with letters, numbers and brackets, in words.

use crate::diag::{Code, Diagnostic, Span};

/// Something wrong that needs no grammar to be seen.
pub struct Fault {
    /// What is said.
    pub diagnostic: Diagnostic,
    /// What kind of thing it is.
    pub kind: FaultKind,
}

/// The kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// A letter or number.
    Letters,
    /// A string that swallowed what followed it on its line.
    OpenString,
    /// A bracket that closes nothing.
    StrayBracket,
    /// A bracket that nothing closes, or that the wrong one closes.
    OpenBracket,
}

fn fault(kind: FaultKind, diagnostic: Diagnostic) -> Fault {
    Fault { diagnostic, kind }
}

/// Brackets nested beyond the limit.
pub fn too_deep(here: Span) -> Fault {
    let limit = super::scan::DEPTH_LIMIT;
    fault(
        FaultKind::Letters,
        Diagnostic::new(Code::TOO_DEEP, format!("brackets are nested more than {limit} deep"))
            .at(here, format!("this is number {} that is open at once", limit + 1))
            .help("name an inner part and use its name: `fn inner(x) = …`"),
    )
}

/// Letters that are not ASCII.
pub fn foreign_letters(here: Span, letters: &str) -> Fault {
    let shown: String = letters.chars().take(12).collect();
    let help = match plain(&shown) {
        Some(plain) => format!("write `{plain}`"),
        None => "use ASCII letters here; strings and comments may hold any".to_owned(),
    };
    fault(
        FaultKind::Letters,
        Diagnostic::new(Code::NOT_TEXT, format!("`{shown}` stands outside strings and comments"))
            .at(here, "only ASCII letters, digits and signs stand here")
            .help(help),
    )
}

/// What an editor or a word processor made of a plain sign, undone.
fn plain(letters: &str) -> Option<&'static str> {
    Some(match letters {
        "→" | "⟶" => "->",
        "−" | "–" | "—" => "-",
        "·" | "×" => "*",
        "≤" => "<=",
        "≥" => ">=",
        "≠" => "!=",
        "“" | "”" | "„" => "\"",
        "²" => "^2",
        "∑" | "Σ" => "sum",
        "α" => "alpha",
        "β" => "beta",
        "γ" => "gamma",
        "δ" | "Δ" => "delta",
        "η" => "eta",
        "θ" => "theta",
        "λ" => "lambda",
        "μ" | "µ" => "mu",
        "σ" => "sigma",
        "τ" => "tau",
        _ => return None,
    })
}

/// A string that its line does not end.
pub fn unclosed_string(here: Span, written: &str) -> Fault {
    let shown: String = written.chars().take(40).collect();
    fault(
        FaultKind::OpenString,
        Diagnostic::new(Code::UNCLOSED_STRING, "a string has no closing quotation mark on its line")
            .at(here, "it begins here")
            .help(format!("close it: `{shown}\"`")),
    )
}

/// A backslash before something that it does not go with.
pub fn bad_escape(here: Span) -> Fault {
    fault(
        FaultKind::Letters,
        Diagnostic::new(Code::SYNTAX, "a backslash in a string stands before `\"`, `\\` or `n` only")
            .at(here, "not one of these")
            .help("write `\\\\` for a backslash itself"),
    )
}

/// `5.` or `.5`.
pub fn bare_point(here: Span, repaired: String) -> Fault {
    fault(
        FaultKind::Letters,
        Diagnostic::new(Code::BAD_NUMBER, "a number has a digit on both sides of its point")
            .at(here, "a digit is missing")
            .help(format!("write `{repaired}`")),
    )
}

/// Letters behind a number that are no unit.
pub fn glued_letters(here: Span, digits: &str, letters: &str) -> Fault {
    let help = if letters.starts_with('_') {
        format!("an underscore stands between two digits only: write `{}`", digits.trim_end_matches('_'))
    } else if letters.starts_with(['e', 'E']) {
        format!("an exponent needs digits: write `{digits}e-3`")
    } else {
        match super::words::nearest(letters, super::tree::Unit::ALL.iter().map(|(unit, _)| *unit)) {
            Some(unit) => format!("write `{digits} {unit}`"),
            None => format!("a product has its sign (`{digits} * {letters}`), and a name begins with a letter"),
        }
    };
    fault(
        FaultKind::Letters,
        Diagnostic::new(Code::BAD_NUMBER, format!("`{letters}` behind `{digits}` is not a unit"))
            .at(here, "units are ms s Hz mV nS pA deg % steps epochs trials")
            .help(help),
    )
}

/// A bracket that closes nothing.
pub fn stray_bracket(here: Span, byte: u8) -> Fault {
    let (closer, opener) = (byte as char, partner(byte) as char);
    fault(
        FaultKind::StrayBracket,
        Diagnostic::new(Code::BRACKET, format!("`{closer}` closes nothing"))
            .at(here, format!("no `{opener}` is open here"))
            .help(format!("write the `{opener}` that belongs to it, or leave out this `{closer}`")),
    )
}

/// A bracket that is closed by one of another kind.
pub fn mismatched_bracket(opener: Span, open: u8, closer: Span, close: u8) -> Fault {
    let (open, close, wanted) = (open as char, close as char, partner(open) as char);
    fault(
        FaultKind::OpenBracket,
        Diagnostic::new(Code::BRACKET, format!("`{open}` is still open where `{close}` stands"))
            .at(closer, format!("expected `{wanted}` before this"))
            .because(opener, "it was opened here")
            .help(format!("write `{wanted}` instead of `{close}`, or before it")),
    )
}

/// A bracket that nothing closes.
pub fn unclosed_bracket(opener: Span, byte: u8, end: Span, why: &str, last: &str) -> Fault {
    let (open, wanted) = (byte as char, partner(byte) as char);
    let behind = if last.is_empty() || last.len() > 24 { String::new() } else { format!(" behind `{last}`") };
    fault(
        FaultKind::OpenBracket,
        Diagnostic::new(Code::BRACKET, format!("`{open}` is never closed"))
            .at(opener, "it is opened here")
            .because(end, why)
            .help(format!("write `{wanted}`{behind}")),
    )
}

/// A reserved word where a name or a value should be.
pub fn reserved_name(here: Span, word: &str) -> Fault {
    fault(FaultKind::Letters, reserved(here, word))
}

/// The diagnostic of [`reserved_name`].
pub fn reserved(here: Span, word: &str) -> Diagnostic {
    let why = if super::words::item_word(word).is_some() {
        "this word begins an item and is never a name"
    } else {
        "this word joins expressions and is never a name"
    };
    Diagnostic::new(Code::RESERVED_NAME, format!("`{word}` is a reserved word")).at(here, why).help(format!(
        "take another name, such as `my_{word}`; a field with such a name has its source before it: `d.{word}`"
    ))
}

fn partner(bracket: u8) -> u8 {
    match bracket {
        b'(' => b')',
        b'[' => b']',
        b'{' => b'}',
        b')' => b'(',
        b']' => b'[',
        _ => b'{',
    }
}

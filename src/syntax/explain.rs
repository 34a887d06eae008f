//! What a failed parse means, in words: what was found, what could have stood there, and what was probably meant.

use super::grammar::Rule;
use super::words;
use crate::diag::{Code, Diagnostic, FileId, Span};
use pest::error::{Error, ErrorVariant, InputLocation};
use std::ops::Range;

/// The diagnostic for a piece that does not begin with an item word.
pub fn no_item(file: FileId, text: &str, range: Range<usize>) -> Diagnostic {
    let written = &text[range.clone()];
    let word: &str = &written[..word_length(written)];
    let end = range.start + word.len().max(1).min(written.len());
    let here = Span { file, start: range.start as u32, end: floor(text, end) as u32 };
    let help = match words::nearest(word, words::ITEM_WORDS.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("an item begins with one of: {}", words::ITEM_WORDS.join(" ")),
    };
    let shown = if word.is_empty() { "this" } else { word };
    Diagnostic::new(Code::UNKNOWN_ITEM, format!("`{shown}` begins no item"))
        .at(here, "an item is expected here")
        .help(help)
}

fn word_length(text: &str) -> usize {
    text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

/// The diagnostic for a piece that the grammar refuses.
pub fn error(error: &Error<Rule>, file: FileId, text: &str, range: Range<usize>, keyword: &str) -> Diagnostic {
    let at = furthest(error) + range.start;
    let (found, here) = token(text, file, at.min(range.end), range.end);
    if let Some(diagnostic) = slip(text, file, &range, at, &found, here, keyword) {
        return diagnostic;
    }
    let expected = expected(error);
    let message = match found.is_empty() {
        true => format!("this `{keyword}` ends too early"),
        false => format!("`{found}` does not go on with this `{keyword}`"),
    };
    let label = match expected.is_empty() {
        true => "not expected here".to_string(),
        false => format!("expected {}", join(&expected)),
    };
    Diagnostic::new(Code::SYNTAX, message).at(here, label).help(form(keyword))
}

/// The first word of a piece that begins no item: where it ends, and the item word that was probably meant.
pub fn nearest_item(text: &str, range: &Range<usize>) -> (usize, Option<&'static str>) {
    let written = &text[range.clone()];
    let length = word_length(written);
    (range.start + length, words::nearest(&written[..length], words::ITEM_WORDS.iter().copied()))
}

/// A misspelt item word.
pub struct Misspelt {
    /// Where it stands.
    pub word: Range<usize>,
    /// The item word that was probably meant.
    pub near: &'static str,
    /// Whether what stands above it may be whole: no bracket is open.
    pub splits: bool,
    /// What is said.
    pub diagnostic: Diagnostic,
}

/// A word at the beginning of a line that is nearly an item word, and with which the item above cannot go on.
pub fn misspelt_item(error: &Error<Rule>, file: FileId, text: &str, range: Range<usize>) -> Option<Misspelt> {
    let at = furthest(error) + range.start;
    let (found, here) = token(text, file, at.min(range.end), range.end);
    let word = here.start as usize..here.end as usize;
    let line = text[..word.start].rfind('\n').map_or(0, |end| end + 1);
    let alone = text[line..word.start].trim().is_empty() && word.start > range.start;
    let near = words::nearest(&found, words::ITEM_WORDS.iter().copied()).filter(|near| alone && *near != found)?;
    let splits = is_closed(&text[range.start..word.start]);
    let diagnostic = no_item(file, text, word.start..range.end);
    Some(Misspelt { word, near, splits, diagnostic })
}

/// Whether every bracket of a text is closed in it.
fn is_closed(text: &str) -> bool {
    let mut open = 0;
    let mut rest = text;
    while let Some(at) = rest.find(['(', ')', '[', ']', '{', '}', '"', '/']) {
        let sign = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        match sign {
            b'"' => rest = rest.find('"').map_or("", |end| &rest[end + 1..]),
            b'/' if rest.starts_with('/') => rest = rest.find('\n').map_or("", |end| &rest[end + 1..]),
            b'/' => {}
            b'(' | b'[' | b'{' => open += 1,
            _ => open -= 1,
        }
    }
    open == 0
}

/// The place of the furthest attempt.
fn furthest(error: &Error<Rule>) -> usize {
    let offset = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    error.parse_attempts().map_or(offset, |attempts| attempts.max_position.max(offset))
}

/// The token at a place, and where it stands.
fn token(text: &str, file: FileId, at: usize, end: usize) -> (String, Span) {
    let rest = &text[at..end];
    let start = at + skip(rest);
    let rest = &text[start.min(end)..end];
    let length = match word_length(rest) {
        0 => [":=", "->", "==", "!=", "<=", ">=", ".."]
            .iter()
            .find(|sign| rest.starts_with(**sign))
            .map_or_else(|| rest.chars().next().map_or(0, char::len_utf8), |sign| sign.len()),
        length => length,
    };
    let span = Span { file, start: start as u32, end: (start + length) as u32 };
    (rest[..length].to_string(), span)
}

/// How many bytes of blanks and comments a text begins with.
fn skip(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let blank = rest.len() - rest.trim_start().len();
        at += blank;
        if !text[at..].starts_with("//") {
            return at;
        }
        at += text[at..].find('\n').unwrap_or(text.len() - at);
    }
}

/// What could have stood there, in plain words, the likeliest first.
fn expected(error: &Error<Rule>) -> Vec<String> {
    let rules: Vec<Rule> = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.clone(),
        ErrorVariant::CustomError { .. } => Vec::new(),
    };
    let mut all: Vec<String> = Vec::new();
    for words in rules.into_iter().filter_map(words_of) {
        if !all.contains(&words) {
            all.push(words);
        }
    }
    all.sort_by_key(|words| words.starts_with("the sign"));
    all
}

/// A rule in plain words; none for what says too little.
fn words_of(rule: Rule) -> Option<String> {
    let plain = |text: &str| Some(text.to_string());
    match rule {
        Rule::WHITESPACE | Rule::COMMENT | Rule::EOI => None,
        Rule::ident | Rule::word => plain("a name"),
        Rule::expr
        | Rule::flat
        | Rule::operand
        | Rule::reference
        | Rule::number
        | Rule::quantity
        | Rule::list
        | Rule::group => plain("a value"),
        Rule::negative | Rule::not | Rule::boolean | Rule::sample => None,
        Rule::string => plain("a text in quotes"),
        Rule::path | Rule::paths | Rule::hop => plain("a path (`A -> B`)"),
        Rule::comma => plain("`,`"),
        Rule::colon => plain("`:`"),
        Rule::define => plain("`=`"),
        Rule::update_sign => plain("`:=`"),
        Rule::open_round => plain("`(`"),
        Rule::close_round => plain("`)`"),
        Rule::open_square => plain("`[`"),
        Rule::close_square => plain("`]`"),
        Rule::open_brace | Rule::body => plain("`{`"),
        Rule::close_brace => plain("`}`"),
        Rule::arrow => plain("`->`"),
        Rule::local_alone => plain("`local`"),
        Rule::no_transport => plain("`weight_transport`"),
        Rule::body_statement | Rule::phase_statement | Rule::development_statement => plain("a statement"),
        _ => {
            let name = format!("{rule:?}");
            name.strip_prefix("kw_").map(|word| format!("`{word}`"))
        }
    }
}

fn join(words: &[String]) -> String {
    let shown = &words[..words.len().min(6)];
    match shown {
        [] => String::new(),
        [one] => one.clone(),
        [some @ .., last] => format!("{} or {last}", some.join(", ")),
    }
}

/// Frequent slips, by what stands there and what stands around it.
fn slip(
    text: &str,
    file: FileId,
    range: &Range<usize>,
    at: usize,
    found: &str,
    here: Span,
    keyword: &str,
) -> Option<Diagnostic> {
    let before = text[range.start..at.min(range.end)].trim_end();
    let say = |message: &str, label: &str, help: &str| {
        Some(Diagnostic::new(Code::SYNTAX, message).at(here, label).help(help))
    };
    match (keyword, found) {
        (_, ";") => say("statements need no semicolon", "leave this out", "a statement ends where the next one begins"),
        ("connect", "=" | "-" | ">" | ",") if found != "," => {
            say("a projection is drawn with an arrow", "write `->` here", "connect A -> B")
        }
        ("learn", "=") if !before.contains("by") => say(
            "a path is drawn with an arrow",
            "write `->` here",
            "learn A -> B by backprop from COST using sgd(rate = 0.1)",
        ),
        ("learn", "") if !before.contains(" by ") => say(
            "this `learn` does not say by which rule",
            "the rule is missing",
            "learn A -> B by backprop from COST using sgd(rate = 0.1)",
        ),
        ("learn", word)
            if !before.contains(" by ") && word_length(word) > 0 && words::nearest(word, ["by"]).is_none() =>
        {
            say(
                "this `learn` does not say by which rule",
                "`by RULE` is missing before this",
                "learn A -> B by backprop from COST using sgd(rate = 0.1)",
            )
        }
        ("learn", word) if word_length(word) > 0 => {
            let near = words::nearest(word, ["from", "using", "every", "clip", "only", "fresh", "require"]);
            match near {
                Some(near) => {
                    say("this clause of `learn` is not known", "unknown word", &format!("did you mean `{near}`?"))
                }
                None if before.contains(" by ") && !before.contains(" from ") => say(
                    "the costs of a `learn` stand behind `from`",
                    "`from` is missing before this",
                    &format!("from {word} using sgd(rate = 0.1)"),
                ),
                None => say(
                    "the optimiser of a `learn` stands behind `using`",
                    "`using` is missing before this",
                    &format!("using {word}(…)"),
                ),
            }
        }
        ("cost" | "metric" | "region" | "param", ":=") => {
            say("a definition has `=`", "`:=` updates a state", "write `=`")
        }
        ("cost" | "metric" | "region", "=") if before.contains('=') => {
            say("a comparison has two signs: `==`", "`=` defines, and only once in an item", "write `==`")
        }
        (_, word) if is_no_unit(text, at, word, before) => {
            let near = words::nearest(word, super::tree::Unit::ALL.iter().map(|(unit, _)| *unit));
            let help = match near {
                Some(unit) => format!("did you mean `{unit}`?"),
                None => "give the number a unit, such as `5 ms`, or leave the word out".to_string(),
            };
            let message = format!("`{word}` behind a number is not a unit");
            let units = "units are ms s Hz mV nS pA deg % steps epochs trials";
            Some(Diagnostic::new(Code::BAD_NUMBER, message).at(here, units).help(help))
        }
        ("cost" | "metric", "==") => say("a definition has `=`", "`==` compares", "write `=`"),
        (_, word) if words::is_reserved(word) => {
            let _ = file;
            Some(super::fault::reserved(here, word))
        }
        _ => None,
    }
}

/// Whether a word stands behind a number on its line, where only a unit could.
fn is_no_unit(text: &str, at: usize, word: &str, before: &str) -> bool {
    let number = before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_')).next().unwrap_or("");
    let gap = text[at..].find(word).map_or("", |length| &text[at..at + length]);
    let between = &text[text[..at].trim_end().len()..at];
    let same_line = !gap.contains('\n') && !between.contains('\n');
    let letters = word.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    letters && same_line && !words::is_reserved(word) && number.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
}

/// How an item is written.
fn form(keyword: &str) -> &'static str {
    match keyword {
        "import" => "import \"rules.neu\"",
        "param" => "param beta = 0.1",
        "const" => "const template[2, 8] = normal(0, 1)",
        "seed" => "seed 7",
        "data" => "data world = digits(batch = 32)",
        "region" => "region V1[64] = relu(drive)",
        "connect" => "connect A -> B : dense, init he",
        "cost" => "cost wrong in Choice = cross_entropy(Choice, world.label)",
        "metric" => "metric accuracy = argmax(Choice) == world.label",
        "modulator" => "modulator dopamine = EXPR",
        "learn" => "learn A -> B by backprop from wrong using sgd(rate = 0.1)",
        "development" => {
            "development { phase school for 5 epochs { learn A -> B by backprop from wrong using sgd(rate = 0.1) } }"
        }
        "fn" => "fn mse(a, target b) = mean((a - b)^2)",
        "rule" => "rule hebb(rate = 0.01) { dw = rate * post * pre }",
        "optimiser" | "optimizer" => "optimiser sgd(rate = 0.1) { w := w - rate * g }",
        "critical_period" => "critical_period A -> B : until 6 epochs, fade 2 epochs",
        "time" => "time 28 steps",
        "environment" => "environment task = bandit(arms = 4)",
        "act" => "act task by Motor",
        "experiment" => "experiment lesion { after school  lesion V1  measure accuracy }",
        "evolution" => "evolution { genes cue[4] = normal(0, 0.1)  population 32  generations 40 }",
        "neuron" => "neuron lif(tau = 20 ms) { state v = 0 mV  dv/dt = (drive - v) / tau  spike when v > 1 mV }",
        _ => {
            "structure rnn(n) { input x  weight W[n, x], U[n, n]  state h[n] = 0  h := tanh(W @ x + U @ h)  output h }"
        }
    }
}

//! Random texts that are nearly specs: the checker says what it says, and never falls over.

use super::{HEAD, LEARN, check};
use crate::errors::shortcoming;
use neurula::diag::{Diagnostic, Sources, render};
use neurula::model::Options;
use proptest::prelude::*;

/// What the soups are made of.
const WORDS: &[&str] = &[
    "data",
    "region",
    "connect",
    "cost",
    "metric",
    "learn",
    "param",
    "seed",
    "fn",
    "rule",
    "optimiser",
    "development",
    "phase",
    "also",
    "import",
    "world",
    "digits",
    "Retina",
    "Hidden",
    "Choice",
    "wrong",
    "accuracy",
    "drive",
    "pre",
    "post",
    "w",
    "g",
    "dw",
    "state",
    "let",
    "m",
    "for",
    "until",
    "epochs",
    "steps",
    "ms",
    "mV",
    "%",
    "by",
    "backprop",
    "nothing",
    "oja",
    "from",
    "using",
    "sgd",
    "adam",
    "rate",
    "every",
    "clip",
    "only",
    "through",
    "all",
    "each",
    "in",
    "where",
    "and",
    "or",
    "not",
    "freeze",
    "set",
    "relu",
    "mse",
    "cross_entropy",
    "argmax",
    "mean",
    "sum",
    "linear",
    "label",
    "image",
    "fixed",
    "one_to_one",
    "dense",
    "init",
    "he",
    "no",
    "bias",
    "credit",
    "as",
    "gate",
    "as",
    "->",
    "->",
    "=",
    "=",
    ":=",
    "==",
    "<",
    ">",
    "+",
    "-",
    "*",
    "/",
    "^",
    "@",
    "..",
    ".",
    ",",
    ":",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "0",
    "1",
    "2",
    "0.1",
    "10",
    "32",
    "8",
    "1e30",
    "\"a\"",
    "\n",
    "\n",
    "true",
    "training",
    "progress",
];

fn soup(words: &[usize]) -> String {
    words.iter().map(|&word| WORDS[word % WORDS.len()]).collect::<Vec<_>>().join(" ")
}

/// Checks a text; whatever is said has a place within the text, a label and help.
fn survive(text: &str) {
    let mut sources = Sources::new();
    let options = Options { set: Vec::new(), memory: Some(1 << 30), ..Options::default() };
    let (model, said) = crate::errors::check(&mut sources, std::path::Path::new("soup.neu"), text, &options);
    assert_eq!(model.is_none(), said.iter().any(Diagnostic::is_error), "{text}");
    for diagnostic in &said {
        let drawn = render::text(diagnostic, &sources, render::Style::Plain);
        assert_eq!(shortcoming(diagnostic), None, "{text}\n{drawn}");
        assert!(drawn.contains(diagnostic.code.0));
        assert!(serde_json::from_str::<serde_json::Value>(&render::json(diagnostic, &sources)).is_ok());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn soups_of_words(words in prop::collection::vec(0usize..1000, 0..60)) {
        survive(&soup(&words));
    }

    #[test]
    fn a_spec_with_soup_in_it(at in 0usize..400, cut in 0usize..40, words in prop::collection::vec(0usize..1000, 0..12)) {
        let whole = format!("{HEAD}{LEARN}");
        let start = at % whole.len();
        let end = (start + cut).min(whole.len());
        survive(&format!("{} {} {}", &whole[..start], soup(&words), &whole[end..]));
    }

    #[test]
    fn a_spec_with_a_line_of_soup(line in 0usize..9, words in prop::collection::vec(0usize..1000, 1..14)) {
        let whole = format!("{HEAD}{LEARN}");
        let mut lines: Vec<String> = whole.lines().map(str::to_string).collect();
        lines.insert(line.min(lines.len()), soup(&words));
        survive(&lines.join("\n"));
    }

    #[test]
    fn expressions(words in prop::collection::vec(40usize..1000, 1..20)) {
        survive(&format!("{HEAD}{LEARN}metric m = {}\n", soup(&words)));
    }
}

#[test]
fn a_spec_cut_off_anywhere() {
    let whole = format!("{HEAD}development {{ phase a for 2 epochs until accuracy > 0.5 {{ {LEARN} }} }}\n");
    for end in 0..whole.len() {
        survive(&whole[..end]);
    }
    let (model, _) = check(&whole, &Options::default());
    assert!(model.is_some());
}

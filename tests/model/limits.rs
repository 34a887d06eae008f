//! What is too large or too deep is refused before anything is made.

use super::{HEAD, LEARN, check, codes, message};
use neurula::model::Options;

#[test]
fn a_million_by_a_million_is_told_with_its_figure() {
    let text = HEAD.replace("Hidden[32]", "Hidden[1_000_000]").replace("Choice[10]", "Choice[1_000_000]");
    let text = text.replace("cross_entropy(Choice, world.label)", "mean(Choice^2)");
    let text = text.replace("metric accuracy = argmax(Choice) == world.label\n", "");
    let (message, help) = message(&format!("{text}{LEARN}"));
    assert!(message.contains("14.6 TiB"), "10^12 weights, each 16 bytes: {message}");
    assert!(help.contains("--memory"), "{help}");
}

#[test]
fn a_limit_of_memory_holds() {
    let said = |memory: u64| {
        let (_, said) = check(&format!("{HEAD}{LEARN}"), &Options { set: Vec::new(), memory: Some(memory) });
        said.iter().map(|said| said.code.0).collect::<Vec<_>>()
    };
    assert_eq!(said(1000), ["E0801"]);
    assert_eq!(said(1 << 30), [""; 0]);
}

#[test]
fn regions_without_end_are_told() {
    for size in ["4_000_000_000, 4_000_000_000, 4_000_000_000", "4_000_000_000, 4_000_000_000"] {
        let text = HEAD.replace("Hidden[32]", &format!("Hidden[{size}]"));
        assert_eq!(codes(&format!("{text}{LEARN}")), ["E0801"], "{size}");
    }
}

#[test]
fn deep_nests_are_told_and_not_fallen_into() {
    for (open, close) in [("(", ")"), ("[", "]"), ("relu(", ")")] {
        let text = format!("{HEAD}{LEARN}metric deep = mean({}Choice{})\n", open.repeat(10_000), close.repeat(10_000));
        let said = codes(&text);
        assert_eq!(said, ["E0102"], "{open}");
    }
    for chain in ["-", "not "] {
        let said = codes(&format!("{HEAD}{LEARN}metric deep = {}mean(Choice)\n", chain.repeat(10_000)));
        assert!(said.len() == 1 && said[0] == "E0102", "{chain}: {said:?}");
    }
}

#[test]
fn long_chains_are_compiled_or_refused() {
    for operator in ["+", "*", "^", "and", "==", ".."] {
        let text = format!("{HEAD}{LEARN}metric long = 1{}\n", format!(" {operator} 1").repeat(10_000));
        let (_, said) = check(&text, &Options::default());
        assert!(said.len() <= 1 || operator == "==", "{operator}: {} messages", said.len());
    }
}

#[test]
fn definitions_that_grow_beyond_measure_are_told() {
    for (first, step) in [("x + x", "fp(x) + fp(fp(x))"), ("x", "fp(fp(x))"), ("x * nothing_known", "fp(x) + fp(x)")] {
        let mut text = format!("fn f0(x) = {first}\n");
        for i in 1..40 {
            text += &format!("fn f{i}(x) = {}\n", step.replace("fp", &format!("f{}", i - 1)));
        }
        let (_, said) = check(&format!("{text}{HEAD}{LEARN}metric big = f39(1)\n"), &Options::default());
        let code = if first.contains("known") { "E0201" } else { "E0801" };
        assert_eq!(said.iter().map(|said| said.code.0).collect::<Vec<_>>(), [code], "{first}, {step}");
    }
}

//! The syntax room: every form of the language parses, what is broken is told once and hides nothing else, and no
//! text whatever makes the parser panic or hang.

use neurula::diag::{Diagnostic, Sources};
use neurula::library;
use neurula::syntax::tree::{Ast, BinaryOperator, Expr, ExprKind, ItemKind};
use neurula::syntax::{parse, print};
use proptest::prelude::*;
use std::path::Path;

fn read(text: &str) -> (Ast, Vec<Diagnostic>) {
    let mut sources = Sources::new();
    let file = sources.add("spec.neu", text);
    parse(&sources, file)
}

/// The forms of the language, one file for each group of them.
fn forms() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/syntax/forms");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn every_form_parses() {
    let forms = forms();
    assert!(forms.len() >= 12, "{} forms", forms.len());
    for (path, text) in forms {
        let (ast, said) = read(&text);
        assert!(said.is_empty(), "{path}: {said:#?}");
        assert!(!ast.items.is_empty(), "{path}");
    }
}

#[test]
fn the_library_parses() {
    for entry in library::ENTRIES {
        let (ast, said) = read(entry.text);
        assert!(said.is_empty(), "{}: {said:#?}", entry.name);
        assert_eq!(ast.items.len(), 1, "{}", entry.name);
        assert_eq!(ast.items[0].name().map(|name| name.as_str()), Some(entry.name));
        assert!(!ast.head.is_empty(), "{} does not say what it is", entry.name);
    }
}

/// The value of the only param of a text, as text with brackets around every operation.
fn grouped(expr: &str) -> String {
    let (ast, said) = read(&format!("param x = {expr}"));
    assert!(said.is_empty(), "{expr}: {said:#?}");
    match &ast.items[..] {
        [item] => match &item.kind {
            ItemKind::Param(param) => shape(&param.value),
            other => panic!("{expr}: {other:?}"),
        },
        items => panic!("{expr}: {} items", items.len()),
    }
}

fn shape(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Number(number) => match &number.unit {
            Some((unit, _)) => format!("{} {}", number.text, unit.name()),
            None => number.text.to_string(),
        },
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Binary { operator, left, right, .. } => {
            format!("({} {} {})", shape(left), operator.symbol(), shape(right))
        }
        ExprKind::Unary { operator, operand } => format!("({} {})", operator.symbol(), shape(operand)),
        ExprKind::Range { start, end } => format!("({} .. {})", shape(start), shape(end)),
        ExprKind::Call { function, arguments } => {
            let arguments: Vec<String> = arguments.iter().map(|argument| shape(&argument.value)).collect();
            format!("{function}({})", arguments.join(", "))
        }
        ExprKind::Index { value, indices } => {
            format!("{}[{}]", shape(value), indices.iter().map(shape).collect::<Vec<_>>().join(", "))
        }
        ExprKind::Field { value, field } => format!("{}.{field}", shape(value)),
        ExprKind::Where { value, condition } => format!("({} where {})", shape(value), shape(condition)),
        other => format!("{other:?}"),
    }
}

#[test]
fn signs_bind_as_the_table_says() {
    for (text, wanted) in [
        ("-x^2", "(- (x ^ 2))"),
        ("a^b^c", "(a ^ (b ^ c))"),
        ("-a * b", "((- a) * b)"),
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a / b / c", "((a / b) / c)"),
        ("a + 1 < b * 2", "((a + 1) < (b * 2))"),
        ("not a == b and c or d", "(((not (a == b)) and c) or d)"),
        ("a or b and c", "(a or (b and c))"),
        ("(a + b) * c", "((a + b) * c)"),
        ("f(x)[0].y", "f(x)[0].y"),
        ("1..n + 1", "(1 .. (n + 1))"),
        ("a where b > 0", "(a where (b > 0))"),
        ("2 * -3", "(2 * (- 3))"),
        ("20 ms / 3", "(20 ms / 3)"),
        ("20ms", "20 ms"),
        ("1e-8", "1e-8"),
        ("60_000", "60_000"),
    ] {
        assert_eq!(grouped(text), wanted, "{text}");
    }
}

#[test]
fn statements_end_where_the_next_one_begins() {
    let text =
        "optimiser two { state m = 0, v = 0  m := m + 1  v := 2 * m\n w := w - g }\nparam s = 2\nparam ms = 3 ms";
    let (ast, said) = read(text);
    assert!(said.is_empty(), "{said:#?}");
    assert_eq!(ast.items.len(), 3);
}

#[test]
fn a_unit_before_a_definition_is_a_name() {
    let (ast, said) = read("data d {\n samples 10\n a = 2\n s = 3\n step = a\n}");
    assert!(said.is_empty(), "{said:#?}");
    assert_eq!(ast.items.len(), 1);
}

const GOOD: &str = "//! A spec.\ndata world = digits(batch = 32)\nregion Retina[8, 8] = world.image\nregion Hidden[32] = relu(drive)\n\
    region Choice[10] = drive\nconnect Retina -> Hidden -> Choice // dense\n\
    cost wrong in Choice = cross_entropy(Choice, world.label)\nmetric accuracy = argmax(Choice) == world.label\n\
    learn Retina -> Hidden -> Choice by backprop from wrong using sgd(rate = 0.1)\n";

#[test]
fn a_slip_hides_no_other_item() {
    let marks: Vec<usize> = GOOD.bytes().enumerate().filter(|(_, b)| b"()[],=".contains(b)).map(|(i, _)| i).collect();
    for at in marks {
        let mut text = GOOD.to_string();
        text.remove(at);
        let (ast, said) = read(&text);
        let whole = ast.items.iter().filter(|item| !matches!(item.kind, ItemKind::Broken(_))).count();
        assert!(said.len() <= 3, "without byte {at}: {said:#?}");
        assert!(whole >= 7, "without byte {at}: only {whole} items are left");
    }
}

#[test]
fn several_slips_are_all_told() {
    let text = GOOD.replace("[32]", "[32").replace("-> Choice //", "= Choice //").replace("from wrong ", "");
    let (ast, said) = read(&text);
    assert!(said.len() >= 2, "{said:#?}");
    assert!(
        ast.items
            .iter()
            .any(|item| matches!(&item.kind, ItemKind::Broken(b) if b.name.as_ref().is_some_and(|n| n == "Hidden")))
    );
}

#[test]
fn comments_are_kept() {
    let (ast, _) = read(GOOD);
    assert_eq!(ast.head, ["A spec."]);
    assert_eq!(ast.comments.len(), 1);
    assert_eq!(ast.comments[0].text.trim(), "dense");
    assert!(!ast.comments[0].own_line);
}

#[test]
fn what_is_too_deep_or_too_long_is_told() {
    let deep = format!("param x = {}1{}", "(".repeat(10_000), ")".repeat(10_000));
    let (_, said) = read(&deep);
    assert_eq!(said.iter().map(|d| d.code.0).collect::<Vec<_>>(), ["E0102"]);
    let signs = format!("param x = {}1", "1 + ".repeat(10_000));
    let (_, said) = read(&signs);
    assert_eq!(said.iter().map(|d| d.code.0).collect::<Vec<_>>(), ["E0102"]);
    let minus = format!("param x = {}1", "- ".repeat(100_000));
    let (_, said) = read(&minus);
    assert!(!said.is_empty());
    let long = "// a comment\n".repeat(4_000_000);
    let (_, said) = read(&long);
    assert_eq!(said.iter().map(|d| d.code.0).collect::<Vec<_>>(), ["E0103"]);
}

#[test]
fn operators_have_their_symbols_in_print() {
    let (ast, _) = read("param x = 1 + 2");
    let text = print::print(&ast);
    assert!(text.contains("Add") && !text.contains("span"), "{text}");
    assert_eq!(BinaryOperator::Add.symbol(), "+");
}

fn soup() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("region"),
        Just("learn"),
        Just("data"),
        Just("cost"),
        Just("fn"),
        Just("rule"),
        Just("development"),
        Just("phase"),
        Just("{"),
        Just("}"),
        Just("("),
        Just(")"),
        Just("["),
        Just("]"),
        Just("->"),
        Just("="),
        Just(":="),
        Just("=="),
        Just(","),
        Just(":"),
        Just("by"),
        Just("from"),
        Just("using"),
        Just("A"),
        Just("x"),
        Just("1"),
        Just("2 ms"),
        Just("\n"),
        Just("where"),
        Just("at"),
        Just("\""),
        Just("//"),
        Just(".."),
        Just("."),
        Just("-"),
        Just("not"),
        Just("and"),
        Just("sum(k: x)"),
        Just("é"),
        Just("also"),
        Just("allow(x, \"y\")"),
        Just("%"),
        Just("state"),
        Just("for"),
        Just("until"),
    ];
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        read(&text);
    }

    #[test]
    fn no_soup_of_tokens_makes_it_panic(text in soup()) {
        let (ast, said) = read(&text);
        prop_assert!(said.len() <= 250);
        if !said.is_empty() {
            prop_assert!(said.iter().all(|d| !d.labels.is_empty()));
            prop_assert!(ast.is_broken() || !text.is_empty());
        }
    }
}

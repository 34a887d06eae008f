//! Printing and parsing are inverses; broken text is an error with its line.

use super::random_loops::random_case;
use neurula::loops::parse::parse;
use neurula::loops::print::print;
use neurula::loops::{Constant, Precision, Program, Reg, RegKind, Stmt};

#[test]
fn what_is_printed_reads_back_as_the_same_program() {
    for seed in 0..300 {
        for precision in [Precision::F32, Precision::F64] {
            let program = without_nan(random_case(seed, precision).program);
            let text = print(&program);
            let read = parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(read, program, "{text}");
            assert_eq!(print(&read), text);
        }
    }
}

/// NaN is not equal to itself.
fn without_nan(mut program: Program) -> Program {
    fn block(stmts: &mut [Stmt]) {
        for stmt in stmts {
            if let Stmt::Constant { value: Constant::Real(x), .. } = stmt
                && x.is_nan()
            {
                *x = f64::MIN_POSITIVE;
            }
            stmt.blocks_mut().into_iter().for_each(|inner| block(inner));
        }
    }
    block(&mut program.body);
    program
}

fn small(body: &str) -> String {
    format!(
        "loops \"a b\" f32 scratch 64 {{\n  buffer b0 real[16] scratch 0 \"x \\\"y\\\" \\u{{3b1}}\" @1:2..30\n{body}\n}}\n"
    )
}

#[test]
fn constants_names_and_spans_survive() {
    let constants = ["0.0", "-0.0", "inf", "-inf", "5e-324", "1e300", "0.1", "-1.7976931348623157e308"];
    let lines: Vec<_> = constants.iter().enumerate().map(|(i, x)| format!("  r{i}: real = constant {x}")).collect();
    let text = small(&lines.join("\n"));
    let program = parse(&text).expect("it parses");
    for (stmt, expected) in program.body.iter().zip(constants) {
        let expected: f64 = expected.parse().expect("a number");
        match stmt {
            Stmt::Constant { value: Constant::Real(x), .. } => assert_eq!(x.to_bits(), expected.to_bits()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(&*program.name, "a b");
    assert_eq!(&*program.buffers[0].name, "x \"y\" α");
    let again = parse(&print(&program)).expect("it parses again");
    assert_eq!(again, program);
    assert_eq!(again.buffers[0].span.map(|span| (span.file.0, span.start, span.end)), Some((1, 2, 30)));
    let nan = parse(&small("  r0: real = constant nan")).expect("nan");
    assert!(matches!(nan.body[0], Stmt::Constant { value: Constant::Real(x), .. } if x.is_nan()));
    assert!(print(&nan).contains("r0: real = constant nan"));
}

#[test]
fn indices_survive_term_by_term() {
    for index in ["0", "7", "i0", "0*i0", "3*i0", "7 + i0 + i0 + 2*r0", "r0 + 0*r0"] {
        let body = format!("  loop i0 < 2 serial {{\n    r0: int = index i0\n    r1: real = load b0[{index}]\n  }}");
        let text = print(&parse(&small(&body)).expect("it parses"));
        assert!(text.contains(&format!("load b0[{index}]\n")), "{text}");
        assert_eq!(print(&parse(&text).expect("it parses again")), text);
    }
}

#[test]
fn unused_registers_and_variables_survive() {
    let mut program = parse(&small("  r0: int = constant 3")).expect("it parses");
    program.registers.push(RegKind::Bool);
    program.registers.push(RegKind::Real);
    program.variables = 7;
    let again = parse(&print(&program)).expect("it parses");
    assert_eq!(again, program);
    assert_eq!(again.registers[Reg(1).0 as usize], RegKind::Bool);
}

#[test]
fn broken_text_is_an_error_at_its_line() {
    let cases = [
        ("", 1, "expected `loops`, found the end"),
        ("loops x f16 scratch 0 {", 1, "expected `f32` or `f64`, found `f16`"),
        ("loops x f32 scratch -1 {", 1, "`-1` is no such number"),
        ("loops x f32 scratch 0 {\n", 1, "expected a statement, found the end"),
        ("loops x f32 scratch 0 {\n}\n\n}", 4, "expected nothing more, found `}`"),
        ("loops x f32 scratch 0 {\n slot 1 a: real[] input strides [] len 1\n}", 2, "number 0 comes next, not 1"),
        ("loops x f32 scratch 0 {\n r0: real = frobnicate r1\n}", 2, "expected an operation, found `frobnicate`"),
        ("loops x f32 scratch 0 {\n r99999999999: real = constant 1.0\n}", 2, "r99999999999 is too large a number"),
        ("loops x f32 scratch 0 {\n r0: int = constant 1.5\n}", 2, "`1.5` is no such number"),
        ("loops x f32 scratch 0 {\n nest \"open\n}", 2, "a quoted name ends with its line"),
        ("loops x f32 scratch 0 {\n r0: real = constant 1.0\n r0: int = constant 1\n}", 3, "another kind before"),
        ("loops x f32 scratch 0 {\n ?\n}", 2, "'?' begins nothing"),
        (
            "loops x f32 scratch 0 {\n r0: real = fold i0 < 3 chain product r1 {}\n}",
            2,
            "expected a fold, found `product`",
        ),
        ("loops x f32 scratch 0 {\n store b0[18446744073709551615 + 1] r0\n}", 2, "larger than what can be counted"),
    ];
    for (text, line, message) in cases {
        let error = parse(text).expect_err(text);
        assert!(error.message.contains(message), "{text:?}: {error}");
        assert_eq!(error.line, line, "{text:?}: {error}");
    }
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("loops x f32 scratch 0 {{\n{}", "nest a {\n".repeat(100_000));
    let error = parse(&deep).expect_err("too deep");
    assert!(error.message.contains("nested deeper"), "{error}");
}

#[test]
fn no_damage_makes_the_parser_panic() {
    let text = print(&random_case(5, Precision::F32).program);
    for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
        let _ = parse(&text[..at]);
        let damaged: String = text[..at].chars().chain("}".chars()).chain(text[at..].chars().skip(1)).collect();
        if let Ok(program) = parse(&damaged) {
            let _ = neurula::loops::verify::verify(&program);
        }
    }
}

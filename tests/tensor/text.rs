//! Printing and parsing are inverses; broken text is an error with its line.

use crate::lower::random::random_case;
use crate::trained::checked;
use neurula::driver;
use neurula::tensor::parse::parse;
use neurula::tensor::print::print;
use neurula::tensor::{Attributes, Op, Program, pass, verify};
use std::path::Path;

fn survives(program: &Program) {
    let text = print(program);
    let read = parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(&read, program, "{text}");
    assert_eq!(print(&read), text);
}

#[test]
fn random_programs_survive_as_they_are_and_simplified() {
    for seed in 0..300 {
        let program = random_case(seed).program;
        survives(&program);
        survives(&pass::simplify(program));
    }
}

#[test]
fn the_steps_of_the_examples_survive_with_names_spans_and_products() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let (mut spans, mut names, mut products) = (0, 0, 0);
    for example in ["digits.neu", "infancy.neu", "oja.neu"] {
        let text = std::fs::read_to_string(folder.join(example)).expect("the example");
        let model = checked(&folder, &text).unwrap_or_else(|said| panic!("{said:?}"));
        for phase in 0..model.phases.len() {
            let rows = model.data[model.phases[phase].data.0].signature.total();
            let learn = neurula::credit::learn(&model, phase, rows);
            let measure = neurula::credit::measure(&model, phase, rows);
            let planned = driver::plan(&model, phase, rows);
            for program in [learn, measure, planned.learn, planned.measure] {
                assert_eq!(verify::verify(&program), [], "{program}");
                survives(&program);
                spans += program.graph.nodes.iter().filter(|node| node.span.is_some()).count();
                products += program.graph.nodes.iter().filter(|node| node.product.is_some()).count();
                names += program.graph.values.iter().filter(|value| value.name.is_some()).count();
            }
        }
    }
    assert!(spans > 20 && names > 20 && products > 5, "{spans} spans, {names} names, {products} products");
}

#[test]
fn constants_survive_to_the_bit() {
    let constants = ["0.0", "-0.0", "inf", "-inf", "nan", "5e-324", "1e300", "0.1", "-1.7976931348623157e308", "1.0"];
    for constant in constants {
        let text =
            format!("step x {{\n  v0: real[] = slot y state\n  v1: real[] = constant {constant}\n  write y v1\n}}\n");
        let program = parse(&text).unwrap_or_else(|error| panic!("{error}"));
        let expected: f64 = constant.parse().expect("a number");
        match &program.graph.nodes[0].op {
            Op::Row(_, Attributes::Number(found)) if expected.is_nan() => assert!(found.is_nan()),
            Op::Row(_, Attributes::Number(found)) => assert_eq!(found.to_bits(), expected.to_bits(), "{constant}"),
            other => panic!("{constant} is read as {other:?}"),
        }
        assert_eq!(print(&program), text);
    }
}

const SAMPLE: &str = r#"step "a \"b\"" {
  v0 "x y": real[2] = slot "x y" input
  v1: real[2, 2] = slot w parameter
  v2 Hidden.drive: real[2] = contract "a,ba->b" v0, v1 product "In -> Out" @3:14..15
  v3: int[] = constant 1
  v4: int[] = bind "n m"<2 v3 @0:1..2
  v5: class<2>["n m"<2] = iota to ["n m"<2]
  v6 h: real[2], v7: real[k<3, 2], v8: int[] = loop 3 until k<3 @0:4..5 {
    v0: class<3>[] = index
    v1: real[2] = carry v2
    v2: real[2] = add v1, v1
    v3: bool[] = constant true
    next v2
    record v2
    go v3
  }
  v9: bool[] = constant false
  v10: real[2] = when v9 {
    v0 q: real[2] = given v6
    give v0
  } otherwise {
    v0: real[2] = given v6
    v1: real[2] = negate v0
    give v1
  }
  write "x y" v10
}
"#;

#[test]
fn text_survives_to_the_letter() {
    let program = parse(SAMPLE).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(verify::verify(&program), []);
    assert_eq!(print(&program), SAMPLE);
}

#[test]
fn broken_text_is_an_error_at_its_line() {
    for (from, to, line) in [
        ("step", "stop", 1),
        ("real[2] = slot \"x y\"", "reel[2] = slot \"x y\"", 2),
        ("parameter", "perameter", 3),
        ("contract \"a,ba->b\"", "contract \"a,ba\"", 4),
        ("product \"In", "product 3 \"In", 4),
        ("bind \"n m\"<2", "bind 2", 6),
        ("iota to", "iata to", 7),
        ("until k<3", "until 3", 8),
        ("= index", "= carry v2", 9),
        ("write \"x y\"", "write z", 26),
    ] {
        assert!(SAMPLE.contains(from), "{from}");
        let error = parse(&SAMPLE.replacen(from, to, 1)).expect_err(to);
        assert_eq!(error.line, line, "{to}: {error}");
    }
}

/// Every prefix, every line left out, twice or elsewhere, every character left out or replaced: an error or a program,
/// which is then verified and printed, but no panic.
#[test]
fn no_damage_makes_parser_verifier_or_printer_panic() {
    let lines: Vec<&str> = SAMPLE.lines().collect();
    let mut damaged: Vec<String> = SAMPLE.char_indices().map(|(at, _)| SAMPLE[..at].to_string()).collect();
    for (at, character) in SAMPLE.char_indices() {
        let after = at + character.len_utf8();
        for instead in ["", "9", "v", "\"", "[", "<", " ", "{", "}"] {
            damaged.push(format!("{}{instead}{}", &SAMPLE[..at], &SAMPLE[after..]));
        }
    }
    for at in 0..lines.len() {
        for to in 0..lines.len() {
            let mut moved = lines.clone();
            let line = moved.remove(at);
            damaged.push(moved.join("\n"));
            moved.insert(to, line);
            damaged.push(moved.join("\n"));
        }
    }
    let mut read = 0;
    for text in damaged {
        if let Ok(program) = parse(&text) {
            read += 1;
            let _ = verify::verify(&program);
            let _ = print(&program);
        }
    }
    assert!(read > 100, "{read}");
    let deep = format!("step x {{\n{}", "when v0 {\n".repeat(100_000));
    assert!(parse(&deep).is_err());
}

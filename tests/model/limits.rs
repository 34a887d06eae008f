//! What is too large or too deep is refused before anything is made.

use super::{HEAD, LEARN, check, codes, message};
use neurula::math::Precision;
use neurula::model::Options;
use neurula::runtime::machine::{UNKNOWN, available, free_memory};
use std::path::Path;

#[test]
fn a_million_by_a_million_is_told_with_its_figure() {
    let text = HEAD.replace("Hidden[32]", "Hidden[1_000_000]").replace("Choice[10]", "Choice[1_000_000]");
    let text = text.replace("cross_entropy(Choice, world.label)", "mean(Choice^2)");
    let text = text.replace("metric accuracy = argmax(Choice) == world.label\n", "");
    let (message, help) = message(&format!("{text}{LEARN}"));
    assert!(message.contains("14.6 TiB"), "10^12 weights, each 16 bytes: {message}");
    assert!(help.contains("smaller"), "{help}");
}

#[test]
fn a_limit_of_memory_holds() {
    let said = |memory: u64| {
        let (_, said) =
            check(&format!("{HEAD}{LEARN}"), &Options { set: Vec::new(), memory: Some(memory), ..Options::default() });
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

/// The lines of the table: bytes as they are written, and what they are for.
fn table(help: &str) -> Vec<(f64, String)> {
    let rows = help.lines().skip(1).map(|line| {
        let (size, what) = line.trim().split_once("  ").expect("two columns");
        let (number, unit) = size.split_once(' ').expect("a unit");
        let unit = match unit {
            "bytes" => 1.0,
            "KiB" => 1024.0,
            "MiB" => 1048576.0,
            other => panic!("{other}"),
        };
        (number.parse::<f64>().expect("a number") * unit, what.to_string())
    });
    rows.collect()
}

fn told(text: &str, options: &Options) -> (String, String) {
    let (model, said) = check(text, options);
    assert!(model.is_none());
    assert_eq!(said.iter().map(|said| said.code.0).collect::<Vec<_>>(), ["E0801"]);
    (said[0].message.clone(), said[0].help.clone().expect("a table"))
}

/// 600 units on the 64 pixels of 1797 digits, in batches of 32.
fn wide() -> String {
    format!("{HEAD}{LEARN}").replace("Hidden[32]", "Hidden[600]").replace("sgd(rate = 0.1)", "adam(rate = 0.01)")
}

#[test]
fn what_does_not_fit_is_told_with_a_table_of_what_needs_how_much() {
    let text = wide();
    let small = Options { memory: Some(300 << 10), ..Options::default() };
    let (message, help) = told(&text, &small);
    assert!(message.starts_with("this spec needs ") && message.ends_with("may use 300.0 KiB"), "{message}");
    assert!(help.starts_with("make regions or the batch smaller, or allow more: `--memory 16GiB`"), "{help}");
    let rows = table(&help);
    let bytes = |what: &str| rows.iter().find(|(_, name)| name == what).unwrap_or_else(|| panic!("{what}\n{help}")).0;
    // 600 weights for each pixel, of 4 bytes, in rows of a multiple of 16, and the two means of adam; 64 bytes for each
    // image, twice.
    let weights = 608.0 * 64.0 * 4.0;
    let near = |found: f64, wanted: f64| assert!((found - wanted).abs() <= 60.0, "{found} and {wanted}\n{help}");
    near(bytes("parameter: Retina -> Hidden.weight"), weights);
    near(bytes("optimiser: Retina -> Hidden.weight|backprop|adam.m"), weights);
    near(bytes("optimiser: Retina -> Hidden.weight|backprop|adam.v"), weights);
    near(bytes("data as read: world.image"), 1797.0 * 64.0);
    near(bytes("data in a step: world.image"), 1797.0 * 64.0);
    near(bytes("may be used"), 300.0 * 1024.0);
    // The largest first, all together the total.
    let named = rows.iter().take_while(|(_, what)| !what.ends_with("others")).collect::<Vec<_>>();
    assert!(named.len() >= 8 && named.is_sorted_by(|a, b| a.0 >= b.0), "{help}");
    let all: f64 = rows[..rows.len() - 2].iter().map(|(bytes, _)| bytes).sum();
    // Each is written with one digit behind the point.
    assert!((all - bytes("in all")).abs() < 0.06 * 1048576.0, "{all}\n{help}");
    // What is told to be enough is enough, and a little less is not; doubles need more.
    let enough =
        |memory: u64, precision| check(&text, &Options { memory: Some(memory), precision, ..Options::default() }).0;
    let total = all as u64;
    assert!(enough(total + 2000, Precision::F32).is_some() && enough(total - 2000, Precision::F32).is_none());
    assert!(enough(total + 2000, Precision::F64).is_none() && enough(2 * total, Precision::F64).is_some());
}

#[test]
fn records_of_time_and_the_best_weights_are_told() {
    let text = "data world = digits(batch = 60)\ntime 8 steps\nregion Row[8] = world.image[t]\nregion Memory : gru(40)\n\
        region Choice[10] = drive\nconnect Row -> Memory -> Choice\n\
        cost wrong in Choice = cross_entropy(Choice, world.label) at end\n\
        development { phase school for 3 epochs keep lowest wrong {\n\
        learn Row -> Memory -> Choice by backprop from wrong using sgd(rate = 0.1) } }\n";
    let (_, help) = told(text, &Options { memory: Some(500 << 10), ..Options::default() });
    for what in ["record of time: ", "copy: the best weights", "copy: parameters and states", "measuring: "] {
        assert!(help.contains(what), "no `{what}` in\n{help}");
    }
}

/// The machine and its groups, as the kernel's files say.
#[test]
fn the_limit_is_what_the_machine_and_its_groups_have_free() {
    let free = |files: &[(&str, &str)]| {
        available(&|path: &Path| {
            let file = files.iter().find(|(name, _)| Path::new(name) == path);
            file.map(|(_, text)| text.to_string())
        })
    };
    let machine = ("/proc/meminfo", "MemTotal:  9000 kB\nMemAvailableNot: 3 kB\nMemAvailable:   8000 kB\n");
    assert_eq!(free(&[]), UNKNOWN);
    assert_eq!(free(&[machine]), 8000 << 10);
    let groups = ("/proc/self/cgroup", "5:cpu:/a\n0::/a/b\n");
    assert_eq!(free(&[machine, groups, ("/sys/fs/cgroup/a/b/memory.max", "max\n")]), 8000 << 10);
    let outer = [("/sys/fs/cgroup/a/memory.max", "1000000\n"), ("/sys/fs/cgroup/a/memory.current", "300000\n")];
    assert_eq!(free(&[machine, groups, outer[0], outer[1]]), 700_000);
    let files = ("/sys/fs/cgroup/a/memory.stat", "anon 5\ninactive_file 100000\n");
    assert_eq!(free(&[machine, groups, outer[0], outer[1], files]), 800_000);
    let old = [
        ("/proc/self/cgroup", "4:memory:/elsewhere\n"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "500000"),
        ("/sys/fs/cgroup/memory/memory.usage_in_bytes", "600000"),
    ];
    assert_eq!(free(&[machine, old[0], old[1], old[2]]), 0);
    assert_eq!(
        free(&[machine, old[0], ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712")]),
        8000 << 10
    );
    assert!(free_memory() > 0);
}

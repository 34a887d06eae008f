//! The command as a user calls it: exit codes, JSON, stages, and runs that are killed and resumed.

#![allow(clippy::disallowed_methods, reason = "a killed run is timed")]

use assert_cmd::Command;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;

fn neurula() -> Command {
    Command::cargo_bin("neurula").unwrap()
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// Standard output of a call that ends with this code.
fn output(command: &mut Command, code: i32) -> String {
    let found = command.output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&found.stdout).into_owned(), String::from_utf8_lossy(&found.stderr).into_owned());
    assert_eq!(found.status.code(), Some(code), "{out}\n{err}");
    out
}

fn spec(folder: &TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("spec.neu");
    std::fs::write(&path, text).unwrap();
    path
}

fn last_object(text: &str) -> Value {
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

#[test]
fn exit_codes_say_how_it_ended() {
    let folder = TempDir::new().unwrap();
    output(neurula().arg("check").arg(example("digits.neu")), 0);
    let wrong = spec(&folder, "data world = digits()\nregion A[8, 8] = world.imge\n");
    output(neurula().arg("check").arg(&wrong), 1);
    output(neurula().arg("train").arg(&wrong), 1);
    output(neurula().args(["check", "nowhere.neu"]), 2);
    output(neurula().arg("train"), 2);
    output(neurula().args(["train", "x.neu", "--precision", "f16"]), 2);
    output(neurula().arg("dance"), 2);
    output(neurula().args(["explain", "E9999"]), 2);
    output(neurula().args(["eval"]).arg(folder.path().join("none")), 3);
    output(neurula().arg("--help"), 0);
    let wild = "data d = digits()\nregion In[8, 8] = d.image\nregion Y[4] = drive\nconnect In -> Y\ncost big in Y = sum(exp(Y))\nlearn In -> Y by backprop from -1 * big using sgd(rate = 100)\n";
    let wild = spec(&folder, wild);
    let found = neurula().arg("train").arg(&wild).arg("--out").arg(folder.path().join("wild")).output().unwrap();
    assert_eq!(found.status.code(), Some(3));
    let said = String::from_utf8_lossy(&found.stderr);
    assert!(said.contains("`life`") && said.contains("`big`") && said.contains("step"), "{said}");
}

#[test]
fn check_prints_diagnostics_as_json() {
    let folder = TempDir::new().unwrap();
    let path = spec(&folder, "data world = digits()\nregion A[8, 8] = world.imge\nregion B[3] = Aa\n");
    let out = output(neurula().arg("check").arg(&path).arg("--json"), 1);
    let objects: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.iter().map(|o| o["code"].as_str().unwrap()).collect::<Vec<_>>(), ["E0713", "E0201"]);
    let first = &objects[0];
    assert_eq!(first["severity"], "error");
    let place = &first["spans"][0];
    assert_eq!(
        (place["line"].as_u64(), place["column"].as_u64(), place["length"].as_u64()),
        (Some(2), Some(24), Some(4))
    );
    assert!(first["help"].as_str().unwrap().contains("image"));
    assert_eq!(output(neurula().arg("check").arg(example("digits.neu")).arg("--json"), 0), "");
}

#[test]
fn train_prints_a_summary_and_writes_a_folder() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    let out = output(
        neurula().arg("train").arg(example("digits.neu")).args(["--json", "--seed", "3"]).arg("--out").arg(&run),
        0,
    );
    let summary = last_object(&out);
    assert!(summary["metrics"]["accuracy"]["test"].as_f64().unwrap() >= 0.95);
    for field in ["samples_per_second", "compile_ms", "first_step_ms"] {
        assert!(summary[field].as_f64().unwrap() > 0.0, "{field}");
    }
    assert_eq!(summary["weights_digest"].as_str().unwrap().len(), 64);
    assert_eq!(out.lines().count(), 31);
    let lock: Value = serde_json::from_str(&std::fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
    assert_eq!(lock["seed"], 3);
    assert!(lock["data"][0]["sha256"].as_str().unwrap().len() == 64 && !lock["cpu"].as_array().unwrap().is_empty());
    assert_eq!(
        std::fs::read_to_string(run.join("spec.neu")).unwrap(),
        std::fs::read_to_string(example("digits.neu")).unwrap()
    );
    let table = std::fs::read_to_string(run.join("metrics.csv")).unwrap();
    assert_eq!(table.lines().count(), 1 + 30 * 4);
    let measured = last_object(&output(neurula().arg("eval").arg(&run).arg("--json"), 0));
    assert_eq!(measured["metrics"]["accuracy"]["test"], summary["metrics"]["accuracy"]["test"]);
}

#[test]
fn a_table_is_all_that_a_pipe_sees() {
    let folder = TempDir::new().unwrap();
    let found = neurula()
        .arg("train")
        .arg(example("digits.neu"))
        .args(["--epochs", "2"])
        .arg("--out")
        .arg(folder.path().join("a"))
        .output()
        .unwrap();
    assert!(found.stderr.is_empty(), "{}", String::from_utf8_lossy(&found.stderr));
    let out = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(out.contains("accuracy") && out.contains("2 epochs, 90 steps"), "{out}");
    let quiet = neurula()
        .arg("train")
        .arg(example("digits.neu"))
        .args(["--epochs", "1", "--quiet"])
        .arg("--out")
        .arg(folder.path().join("b"))
        .output()
        .unwrap();
    assert!(quiet.stdout.is_empty() && quiet.stderr.is_empty());
}

#[test]
fn set_overrides_a_param() {
    let folder = TempDir::new().unwrap();
    let text = std::fs::read_to_string(example("digits.neu")).unwrap().replace("rate = 0.1", "rate = speed");
    let path = spec(&folder, &format!("param speed = 0.1\n{text}"));
    let digest = |name: &str, set: &[&str]| {
        let run = folder.path().join(name);
        let out = output(
            neurula().arg("train").arg(&path).args(["--json", "--epochs", "1"]).args(set).arg("--out").arg(run),
            0,
        );
        last_object(&out)["weights_digest"].as_str().unwrap().to_string()
    };
    let (plain, same, other) =
        (digest("a", &[]), digest("b", &["--set", "speed=0.1"]), digest("c", &["--set", "speed=0.05"]));
    assert_eq!(plain, same);
    assert_ne!(plain, other);
    output(neurula().arg("check").arg(&path).args(["--set", "sped=1"]), 1);
    output(neurula().arg("check").arg(&path).args(["--set", "speed=1 ms"]), 1);
    output(neurula().arg("check").arg(&path).args(["--set", "speed"]), 2);
}

#[test]
fn emit_prints_every_stage_with_names_from_the_spec() {
    for stage in ["ast", "model", "tensor", "loop", "clif", "asm"] {
        for name in ["digits.neu", "infancy.neu", "oja.neu"] {
            let out = output(neurula().arg("emit").arg(example(name)).args(["--stage", stage]), 0);
            assert!(out.contains("Retina"), "{stage} of {name}");
        }
    }
}

#[test]
fn explain_lib_and_data_answer() {
    assert!(output(neurula().args(["explain", "e0301"]), 0).contains("shape_mismatch"));
    assert!(output(neurula().args(["explain", "idle_cost"]), 0).contains("E0502"));
    assert!(output(neurula().arg("explain"), 0).lines().count() >= 50);
    assert!(output(neurula().arg("lib"), 0).contains("oja"));
    assert!(output(neurula().args(["lib", "adam"]), 0).contains("optimiser adam("));
    output(neurula().args(["lib", "adma"]), 2);
    let digits = output(neurula().args(["data", "digits"]), 0);
    assert!(digits.contains("1437 training") && digits.contains("360 test"), "{digits}");
    assert!(output(neurula().arg("data").arg(example("digits.neu")).arg("--json"), 0).contains("\"train\":1437"));
}

#[test]
fn every_command_has_a_page() {
    let help = output(neurula().arg("--help"), 0);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let mut named: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    named.retain(|name| *name != "help");
    named.sort_unstable();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands");
    let mut pages: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    pages.sort_unstable();
    assert_eq!(named, pages);
}

#[test]
fn a_new_model_trains_at_once_and_nothing_is_overwritten() {
    let folder = TempDir::new().unwrap();
    let told = output(neurula().current_dir(&folder).args(["new", "my_model"]), 0);
    assert!(told.contains("cd my_model && neurula train model.neu"), "{told}");
    let inside = folder.path().join("my_model");
    let checked = neurula().current_dir(&inside).args(["check", "model.neu"]).output().unwrap();
    assert!(checked.status.success() && checked.stderr.is_empty(), "{}", String::from_utf8_lossy(&checked.stderr));
    let out = output(neurula().current_dir(&inside).args(["train", "model.neu", "--json"]), 0);
    assert!(last_object(&out)["metrics"]["accuracy"]["test"].as_f64().unwrap() > 0.95, "{out}");
    assert!(inside.join("runs/model-0/checkpoint.safetensors").exists());
    std::fs::write(inside.join("model.neu"), "mine").unwrap();
    output(neurula().current_dir(&folder).args(["new", "my_model"]), 2);
    output(neurula().current_dir(&inside).args(["new", "model.neu"]), 2);
    output(neurula().current_dir(&folder).args(["new", "no/such/place"]), 2);
    assert_eq!(std::fs::read_to_string(inside.join("model.neu")).unwrap(), "mine");
}

#[test]
fn imports_are_read_and_cycles_are_told() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("rules.neu"), "fn bent(x) = select(x > 0, x, 0.1 * x)\n").unwrap();
    let text = std::fs::read_to_string(example("digits.neu")).unwrap().replace("relu(drive)", "bent(drive)");
    let path = spec(&folder, &format!("import \"rules.neu\"\n{text}"));
    output(neurula().arg("check").arg(&path), 0);
    let run = folder.path().join("run");
    output(neurula().arg("train").arg(&path).args(["--epochs", "1", "--quiet"]).arg("--out").arg(&run), 0);
    std::fs::remove_file(folder.path().join("rules.neu")).unwrap();
    output(neurula().args(["train", "--quiet", "--epochs", "1", "--resume"]).arg(&run), 0);
    output(neurula().arg("check").arg(&path), 1);
    std::fs::write(folder.path().join("rules.neu"), "import \"spec.neu\"\n").unwrap();
    let found = neurula().arg("check").arg(&path).output().unwrap();
    assert!(String::from_utf8_lossy(&found.stderr).contains("E0208"));
}

/// A run that takes a while.
const LONG: &str = "data world = digits(batch = 8, validation = 10 %)\nregion Retina[8, 8] = world.image\nregion Hidden[96] = tanh(drive)\nregion Choice[10] = drive\n\
    connect Retina -> Hidden -> Choice\ncost wrong in Choice = cross_entropy(Choice, world.label)\nmetric accuracy = argmax(Choice) == world.label\n\
    development { phase one for 60 epochs { learn Retina -> Hidden -> Choice by backprop from wrong using adam(rate = 0.001) }\n\
    phase two for 9000 steps { learn Retina -> Hidden -> Choice by backprop from wrong using sgd(rate = linear(0.05, 0)) } }\n";

#[test]
fn a_run_that_is_killed_at_random_moments_ends_as_the_one_that_was_not() {
    let folder = TempDir::new().unwrap();
    let path = spec(&folder, LONG);
    let whole = folder.path().join("whole");
    let begun = std::time::Instant::now();
    let summary = last_object(&output(neurula().arg("train").arg(&path).arg("--json").arg("--out").arg(&whole), 0));
    let length = begun.elapsed();
    let run = folder.path().join("killed");
    let mut kills = 0u64;
    let found = loop {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("neurula"));
        command.args(["train", "--json"]).stdout(Stdio::piped()).stderr(Stdio::null());
        match run.exists() {
            true => command.arg("--resume").arg(&run),
            false => command.arg(&path).arg("--out").arg(&run),
        };
        let mut child = command.spawn().unwrap();
        // Moments that differ from run to run, within the first two thirds of what the whole took.
        let share = (kills * 2_654_435_761 % 97) as f64 / 97.0;
        std::thread::sleep(Duration::from_secs_f64(0.05 + share * 0.66 * length.as_secs_f64()));
        if kills < 6 && child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
            continue;
        }
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success());
        break last_object(&String::from_utf8_lossy(&ended.stdout));
    };
    assert!(kills > 0, "nothing was killed");
    assert_eq!(found["weights_digest"], summary["weights_digest"]);
    assert_eq!(found["state_digest"], summary["state_digest"]);
    let table = |run: &Path| std::fs::read_to_string(run.join("metrics.csv")).unwrap();
    assert_eq!(table(&run), table(&whole));
}

#[test]
#[cfg(unix)]
fn ctrl_c_leaves_a_checkpoint_and_says_how_to_go_on() {
    let folder = TempDir::new().unwrap();
    let path = spec(&folder, &LONG.replace("60 epochs", "100000 epochs"));
    let run = folder.path().join("run");
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("neurula"));
    let child = command
        .arg("train")
        .arg(&path)
        .arg("--out")
        .arg(&run)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(800));
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("--resume"));
    assert!(run.join("checkpoint.safetensors").exists());
}

#[test]
fn a_changed_flag_or_spec_is_told_on_resume() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    output(
        neurula().arg("train").arg(example("digits.neu")).args(["--epochs", "1", "--quiet"]).arg("--out").arg(&run),
        0,
    );
    for (arguments, word) in [
        (vec!["--epochs", "2"], "epochs"),
        (vec!["--epochs", "1", "--seed", "5"], "seed"),
        (vec!["--epochs", "1", "--precision", "f64"], "precision"),
    ] {
        let found = neurula().args(["train", "--resume"]).arg(&run).args(arguments).output().unwrap();
        assert_eq!(found.status.code(), Some(3));
        assert!(String::from_utf8_lossy(&found.stderr).contains(word), "{word}");
    }
    let changed = spec(&folder, &std::fs::read_to_string(example("digits.neu")).unwrap().replace("0.1", "0.2"));
    let found = neurula().arg("train").arg(&changed).args(["--epochs", "1", "--resume"]).arg(&run).output().unwrap();
    assert_eq!(found.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&found.stderr).contains("was changed"));
    output(neurula().args(["train", "--epochs", "1", "--quiet", "--backend", "interpreter", "--resume"]).arg(&run), 0);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let folder = TempDir::new().unwrap();
    let wide = "data world = digits(batch = 64)\nregion Retina[8, 8] = world.image\nregion Hidden[512] = tanh(drive)\nregion Name[10] = drive\n\
        connect Retina -> Hidden -> Name\ncost wrong in Name = cross_entropy(Name, world.label)\nmetric accuracy = argmax(Name) == world.label\n\
        learn Retina -> Hidden -> Name by backprop from wrong using adam(rate = 0.001)\n";
    let wide = spec(&folder, wide);
    let text = output(neurula().arg("emit").arg(&wide).args(["--stage", "loop"]), 0);
    assert!(text.contains(" split rows by "), "{text}");
    let run = |threads: &str| {
        let place = folder.path().join(threads);
        let mut train = neurula();
        train.arg("train").arg(&wide).args(["--epochs", "1", "--json", "--threads", threads]).arg("--out").arg(&place);
        let digest = last_object(&output(&mut train, 0))["state_digest"].clone();
        let eval = output(neurula().arg("eval").arg(&place).args(["--json", "--threads", threads]), 0);
        let file = folder.path().join(format!("{threads}.npz"));
        output(neurula().arg("predict").arg(&place).args(["--threads", threads]).arg("--out").arg(&file), 0);
        (digest, eval, std::fs::read(file).unwrap())
    };
    let one = run("1");
    assert!(one.0.is_string());
    assert!(one == run("2"), "two threads differ from one");
    assert!(one == run("4"), "four threads differ from one");
    output(neurula().arg("bench").arg(&wide).args(["--repeats", "1", "--threads", "2"]), 0);
    for wrong in ["0", "257", "many"] {
        output(neurula().arg("train").arg(&wide).args(["--threads", wrong]), 2);
    }
}

#[test]
fn data_are_shown_from_files_from_sources_and_from_specs() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("flats.csv", "area,price\n50,2\n70,3\n");
    write("ragged.csv", "area,price\n50\n");
    let data = |what: &str, code: i32| output(neurula().current_dir(&folder).args(["data", what, "--json"]), code);
    let rows = |what: &str| last_object(&data(what, 0))["train"].as_u64();
    assert_eq!(rows("flats.csv"), Some(2));
    assert_eq!(rows("csv(\"flats.csv\", target = \"price\")"), Some(2));
    assert_eq!(rows("digits"), Some(1437));
    assert!(data("ragged.csv", 3).contains("E0717"));
    for (what, words) in [("digitz", "did you mean `digits`?"), ("none.csv", "E0703"), ("notes.txt", "E0701")] {
        let code = if what == "none.csv" { 3 } else { 2 };
        assert!(data(what, code).contains(words), "{what}");
    }
}

#[test]
fn what_does_not_fit_in_memory_is_refused_before_there_is_a_run() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    for command in [vec!["check"], vec!["train", "--out", run.to_str().unwrap()]] {
        let found = neurula().args(&command).arg(example("digits.neu")).args(["--memory", "100k"]).output().unwrap();
        assert_eq!(found.status.code(), Some(1));
        let drawn = String::from_utf8_lossy(&found.stderr);
        for words in ["E0801", "may use 100.0 KiB", "data as read: world.image", "in all", "100.0 KiB  may be used"] {
            assert!(drawn.contains(words), "no `{words}` in\n{drawn}");
        }
    }
    assert!(!run.exists());
    output(neurula().arg("check").arg(example("digits.neu")).args(["--memory", "100MB"]), 0);
    output(neurula().arg("check").arg(example("digits.neu")).args(["--memory", "100 apples"]), 2);
    let json = output(neurula().arg("check").arg(example("digits.neu")).args(["--memory", "100K", "--json"]), 1);
    assert!(last_object(&json)["help"].as_str().unwrap().contains("may be used"), "{json}");
}

#[test]
fn a_run_that_is_not_finite_points_at_the_operation() {
    let folder = TempDir::new().unwrap();
    let text = "data d = digits(batch = 32)\nregion In[8, 8] = d.image\nregion Y[4] = log(relu(drive))\nconnect In -> Y\n\
        cost wrong in Y = sum(Y^2)\nlearn In -> Y by backprop from wrong using sgd(rate = 0.1)\n";
    let wild = spec(&folder, text);
    let run = folder.path().join("run");
    let found = neurula().args(["train", "--out"]).arg(&run).arg(&wild).output().unwrap();
    assert_eq!(found.status.code(), Some(3));
    let drawn = String::from_utf8_lossy(&found.stderr);
    for words in ["E0802 infinite_activity", "log(relu(drive))", "`log` of 0 is -inf", "the last checkpoint stands"] {
        assert!(drawn.contains(words), "no `{words}` in\n{drawn}");
    }
    let again = neurula().args(["train", "--json", "--resume"]).arg(&run).output().unwrap();
    assert_eq!(again.status.code(), Some(3));
    let said = last_object(&String::from_utf8_lossy(&again.stdout));
    assert_eq!((said["code"].as_str(), said["spans"][0]["line"].as_u64()), (Some("E0802"), Some(3)));
}

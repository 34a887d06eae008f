//! Run folders that are damaged in every way: each is an error that names the file, from `--resume` and from `eval`, and
//! never a panic or a run that goes on as if nothing were wrong.

use super::trained::{EXACT, Trained, checked, options, trained};
use neurula::model::Model;
use neurula::runtime::folder::SpecFile;
use neurula::runtime::train::{Origin, evaluate, train};
use neurula::runtime::{RunError, Silent};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// Two phases, the second with states that the first has not.
const SPEC: &str = "data world = digits(batch = 256, validation = 10 %)\nregion Retina[8, 8] = world.image\n\
    region Name[10] = drive\nconnect Retina -> Name\ncost wrong in Name = cross_entropy(Name, world.label)\n\
    development { phase one for 1 epoch { learn Retina -> Name by backprop from wrong using sgd(rate = 0.1) }\n\
    phase two for 2 steps { learn Retina -> Name by backprop from wrong using adam(rate = 0.002) } }";

/// A finished run that can be damaged and mended.
struct Patient {
    whole: Trained,
    model: Model,
    run: PathBuf,
}

impl Patient {
    fn new() -> Patient {
        let whole = trained(SPEC, &EXACT);
        let model = checked(Path::new("."), SPEC).unwrap_or_else(|said| panic!("{said:#?}"));
        let run = whole.folder.path().join("run");
        Patient { whole, model, run }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.run.join(name)
    }

    fn resume(&self) -> Result<String, RunError> {
        let files = [SpecFile { path: "spec.neu".into(), text: SPEC.into() }];
        let origin = Origin { files: &files, set: &[], resume: true };
        let outcome = train(&self.model, &options(Path::new("."), &self.run, &EXACT), &origin, &mut Silent)?;
        Ok(outcome.state_digest)
    }

    fn eval(&self) -> Result<usize, RunError> {
        evaluate(&self.model, &options(Path::new("."), &self.run, &EXACT), &self.run).map(|values| values.len())
    }

    /// Writes these bytes as the checkpoint, and gives what resuming and evaluating say to it.
    fn refusals(&self, bytes: &[u8], what: &str) -> [String; 2] {
        let path = self.path("checkpoint.safetensors");
        std::fs::write(&path, bytes).unwrap();
        let said = [
            self.resume().err().unwrap_or_else(|| panic!("{what}: the run went on")).to_string(),
            self.eval().err().unwrap_or_else(|| panic!("{what}: it was evaluated")).to_string(),
        ];
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{what}: the checkpoint was written over");
        said
    }
}

#[test]
fn a_byte_that_differs_anywhere_in_a_checkpoint_is_noticed() {
    let patient = Patient::new();
    let bytes = std::fs::read(patient.path("checkpoint.safetensors")).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let near = [0, 7, 8, 9, header - 1, header, header + 1, bytes.len() - 1];
    let places: Vec<usize> = (0..header).step_by(61).chain((header..bytes.len()).step_by(409)).chain(near).collect();
    assert!(places.len() > 50);
    for place in places {
        for flip in [0x01, 0x29, 0xff] {
            let mut torn = bytes.clone();
            torn[place] ^= flip;
            for said in patient.refusals(&torn, &format!("byte {place} ^ {flip:#x}")) {
                assert!(said.contains("checkpoint.safetensors"), "{said}");
                let sums = said.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 64).count();
                assert!(sums == 2 || said.contains("is damaged") || said.contains("no `sha256`"), "{said}");
            }
        }
    }
    std::fs::write(patient.path("checkpoint.safetensors"), &bytes).unwrap();
    assert_eq!(patient.resume().unwrap(), patient.whole.outcome.state_digest);
}

#[test]
fn a_checkpoint_that_was_cut_or_is_something_else_is_told() {
    let patient = Patient::new();
    let bytes = std::fs::read(patient.path("checkpoint.safetensors")).unwrap();
    for cut in (0..bytes.len()).step_by(bytes.len() / 40).chain([1, 7, 8, 9, bytes.len() - 1]) {
        patient.refusals(&bytes[..cut], &format!("cut at {cut}"));
    }
    let longer = [&bytes[..], b"\0"].concat();
    let huge = [&u64::MAX.to_le_bytes()[..], b"{\"__metadata__\":{\"sha256\":\"", &[b'0'; 64], b"\"}}"].concat();
    for (what, bytes) in [("text", &b"step,phase\n1,one\n"[..]), ("longer", &longer), ("huge", &huge)] {
        patient.refusals(bytes, what);
        patient.refusals(&sealed(bytes.to_vec()), what);
    }
    let path = patient.path("checkpoint.safetensors");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(matches!(patient.resume(), Err(RunError::Io { path: told, .. }) if told == path));
    assert!(matches!(patient.eval(), Err(RunError::Io { path: told, .. }) if told == path));
}

/// Seals a checkpoint as the run folder's page says, where it has room for a seal.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let before = b"\"sha256\":\"";
    if let Some(place) = bytes.windows(before.len()).position(|window| window == before) {
        let digits = place + before.len()..place + before.len() + 64;
        bytes[digits.clone()].fill(b'0');
        let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        bytes[digits].copy_from_slice(sum.as_bytes());
    }
    bytes
}

/// A checkpoint in parts.
pub struct Parts {
    metadata: HashMap<String, String>,
    pub slots: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>,
}

impl Parts {
    pub fn read(bytes: &[u8]) -> Parts {
        let (_, metadata) = SafeTensors::read_metadata(bytes).unwrap();
        let tensors = SafeTensors::deserialize(bytes).unwrap();
        let part = |view: &TensorView<'_>| (view.dtype(), view.shape().to_vec(), view.data().to_vec());
        let slots = tensors.tensors().iter().map(|(name, view)| (name.clone(), part(view))).collect();
        Parts { metadata: metadata.metadata().clone().unwrap(), slots }
    }

    /// Put together again, with a seal that is right.
    pub fn write(&self) -> Vec<u8> {
        let views = self.slots.iter().map(|(name, (dtype, shape, bytes))| {
            (name.as_str(), TensorView::new(*dtype, shape.clone(), bytes).unwrap())
        });
        sealed(safetensors::serialize(views, Some(self.metadata.clone())).unwrap())
    }

    pub fn slot(&mut self, name: &str) -> &mut (Dtype, Vec<usize>, Vec<u8>) {
        self.slots.get_mut(name).unwrap()
    }

    /// Changes a number of the position.
    fn place(&mut self, key: &str, value: u64) {
        self.position(|position| {
            assert!(position[key].is_u64(), "{position}");
            position[key] = value.into();
        });
    }

    /// Changes the position.
    pub fn position(&mut self, change: impl FnOnce(&mut serde_json::Value)) {
        let mut position = serde_json::from_str(&self.metadata["position"]).unwrap();
        change(&mut position);
        self.metadata.insert("position".into(), position.to_string());
    }
}

#[test]
fn a_checkpoint_whose_seal_is_right_and_whose_content_is_not_this_specs_is_told() {
    let patient = Patient::new();
    let bytes = std::fs::read(patient.path("checkpoint.safetensors")).unwrap();
    let weight = "Retina -> Name.weight";
    type Harm = Box<dyn Fn(&mut Parts)>;
    let harms: Vec<(&str, Harm)> = vec![
        ("has no `Retina -> Name.weight`", Box::new(move |parts| drop(parts.slots.remove(weight)))),
        (
            "holds `Nmae.bias`",
            Box::new(|parts| {
                let bias = parts.slots.remove("Name.bias").unwrap();
                parts.slots.insert("Nmae.bias".into(), bias);
            }),
        ),
        ("which this spec has not", Box::new(|p| drop(p.slots.insert("x".into(), (Dtype::F64, vec![], vec![0; 8]))))),
        ("in this spec", Box::new(move |parts| parts.slot(weight).1.reverse())),
        (
            weight,
            Box::new(move |parts| {
                let (dtype, _, bytes) = parts.slot(weight);
                *dtype = Dtype::F32;
                bytes.truncate(bytes.len() / 2);
            }),
        ),
        ("I64", Box::new(move |parts| parts.slot(weight).0 = Dtype::I64)),
        ("no `position`", Box::new(|parts| drop(parts.metadata.remove("position")))),
        ("no `metrics_bytes`", Box::new(|parts| drop(parts.metadata.remove("metrics_bytes")))),
        ("no `metrics_sha256`", Box::new(|parts| drop(parts.metadata.remove("metrics_sha256")))),
        ("cannot be read", Box::new(|parts| drop(parts.metadata.insert("position".into(), "{}".into())))),
        ("length of the metrics", Box::new(|p| drop(p.metadata.insert("metrics_bytes".into(), "-1".into())))),
        ("comes to", Box::new(|parts| parts.place("phase", 3))),
        ("comes to", Box::new(|parts| parts.position(|p| p["kept"] = serde_json::json!({ "step": 3, "values": [] })))),
        ("comes to", Box::new(|parts| parts.place("phase", u64::from(u32::MAX)))),
        ("comes to", Box::new(|parts| parts.place("epoch_step", 1))),
        ("comes to", Box::new(|parts| parts.place("phase_step", 1))),
        ("comes to", Box::new(|parts| parts.place("steps", u64::MAX))),
        ("comes to", Box::new(|parts| parts.place("epochs", u64::MAX))),
        ("comes to", Box::new(|parts| parts.place("epochs", 0))),
    ];
    for (word, harm) in harms {
        let mut parts = Parts::read(&bytes);
        harm(&mut parts);
        for said in patient.refusals(&parts.write(), word) {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
    // The same without harm is taken: it is not the writing anew that is refused.
    std::fs::write(patient.path("checkpoint.safetensors"), Parts::read(&bytes).write()).unwrap();
    assert_eq!(patient.resume().unwrap(), patient.whole.outcome.state_digest);
}

#[test]
fn metrics_that_a_checkpoint_has_seen_are_held_to_it() {
    let patient = Patient::new();
    let path = patient.path("metrics.csv");
    let rows = patient.whole.metrics.clone().into_bytes();
    for (what, table) in [
        ("cut", rows[..rows.len() - 1].to_vec()),
        ("empty", Vec::new()),
        ("another digit", rows.iter().map(|byte| if *byte == b'7' { b'8' } else { *byte }).collect()),
    ] {
        std::fs::write(&path, &table).unwrap();
        let said = patient.resume().err().unwrap_or_else(|| panic!("{what}: the run went on")).to_string();
        assert!(said.contains("metrics.csv") && said.contains("when the checkpoint was written"), "{said}");
        assert_eq!(std::fs::read(&path).unwrap(), table, "{what}: the table was written over");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(patient.resume(), Err(RunError::Io { path: told, .. }) if told == path));
    std::fs::write(&path, [&rows[..], b"99,two,1,train,wrong,0.5\n12"].concat()).unwrap();
    assert_eq!(patient.resume().unwrap(), patient.whole.outcome.state_digest);
    assert_eq!(std::fs::read(&path).unwrap(), rows);
}

/// What the command says to a folder, by `train --resume` and by `eval`: it must end with 3.
fn told(run: &Path, what: &str) {
    for arguments in [&["eval"][..], &["train", "--quiet", "--resume"]] {
        let mut command = assert_cmd::Command::cargo_bin("neurula").unwrap();
        let found = command.args(arguments).arg(run).output().unwrap();
        let said = String::from_utf8_lossy(&found.stderr).into_owned();
        assert_eq!(found.status.code(), Some(3), "{what}, {arguments:?}: {said}");
        assert!(said.contains(&run.display().to_string()), "{what}, {arguments:?}: {said}");
    }
}

#[test]
fn the_command_tells_what_is_wrong_with_a_folder() {
    let patient = Patient::new();
    let run = &patient.run;
    let lock = std::fs::read_to_string(patient.path("run.json")).unwrap();
    let change = |harm: &dyn Fn(&mut serde_json::Value)| {
        let mut value: serde_json::Value = serde_json::from_str(&lock).unwrap();
        harm(&mut value);
        value.to_string().into_bytes()
    };
    let locks = [
        ("empty", Vec::new()),
        ("cut", lock.as_bytes()[..lock.len() / 2].to_vec()),
        ("no UTF-8", vec![0xff; 40]),
        ("another object", b"{}".to_vec()),
        ("no spec", change(&|lock| lock["spec"] = serde_json::json!([]))),
        ("a spec that is not there", change(&|lock| lock["spec"][0]["copy"] = "none.neu".into())),
        ("another sum", change(&|lock| lock["spec"][0]["sha256"] = "00".into())),
        ("a precision that is none", change(&|lock| lock["precision"] = "f16".into())),
        ("a seed that is none", change(&|lock| lock["seed"] = "x".into())),
    ];
    for (what, bytes) in locks {
        std::fs::write(patient.path("run.json"), bytes).unwrap();
        told(run, what);
    }
    std::fs::write(patient.path("run.json"), &lock).unwrap();
    std::fs::write(patient.path("spec.neu"), "region A[3] = drive\n").unwrap();
    told(run, "another spec");
    std::fs::write(patient.path("spec.neu"), SPEC).unwrap();
    std::fs::write(patient.path("checkpoint.safetensors"), "nothing").unwrap();
    told(run, "another checkpoint");
    for name in ["spec.neu", "run.json"] {
        let bytes = std::fs::read(patient.path(name)).unwrap();
        std::fs::remove_file(patient.path(name)).unwrap();
        told(run, name);
        std::fs::write(patient.path(name), bytes).unwrap();
    }
    std::fs::remove_file(patient.path("checkpoint.safetensors")).unwrap();
    let mut eval = assert_cmd::Command::cargo_bin("neurula").unwrap();
    assert_eq!(eval.arg("eval").arg(run).output().unwrap().status.code(), Some(3));
    told(&run.join("nowhere"), "no folder");
}

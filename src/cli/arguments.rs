//! What the command line can say.

use crate::codegen::MOST;
use crate::math::Precision;
use crate::runtime::{Backend, available_threads};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A language and compiler for learning architectures.
#[derive(Debug, Parser)]
#[command(name = "neurula", version, about)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a folder with a model to begin with.
    New {
        /// The folder.
        name: PathBuf,
    },
    /// Check a spec and say what is wrong with it.
    Check(SpecArguments),
    /// Say who learns from what, in every phase.
    Credit(CreditArguments),
    /// Train a spec.
    Train(TrainArguments),
    /// Measure a trained model on every split.
    Eval(EvalArguments),
    /// Write what regions of a trained model do on data, as an .npz file.
    Predict(PredictArguments),
    /// Print a stage of compilation.
    Emit(EmitArguments),
    /// Explain a diagnostic's code, or list all codes.
    Explain {
        /// Such as E0301, or a name such as shape_mismatch.
        code: Option<String>,
    },
    /// List the library, or print one of its definitions.
    Lib {
        /// Such as oja.
        name: Option<String>,
    },
    /// Show what a source of data holds.
    Data(DataArguments),
    /// Time a spec's training in steady state.
    Bench(BenchArguments),
}

/// A spec, and what it is checked with.
#[derive(Debug, Args)]
pub struct SpecArguments {
    /// The spec.
    pub spec: PathBuf,
    #[command(flatten)]
    /// See there.
    pub setting: Setting,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `credit`.
#[derive(Debug, Args)]
pub struct CreditArguments {
    /// The spec.
    pub spec: PathBuf,
    #[command(flatten)]
    /// See there.
    pub setting: Setting,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
    /// Draw it into this file, too.
    #[arg(long, value_name = "FILE.svg")]
    pub svg: Option<PathBuf>,
}

/// Values from outside.
#[derive(Debug, Clone, Args)]
pub struct Setting {
    /// Another value for a param: NAME=VALUE.
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// The most memory that the run may need, such as 512MiB or 16GiB; what the machine has free if not said.
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub memory: Option<u64>,
}

/// How a run is carried out.
#[derive(Debug, Clone, Args)]
pub struct Machine {
    /// What a number is; f32 unless said.
    #[arg(long, value_enum)]
    pub precision: Option<PrecisionName>,
    /// Machine code, or the loop interpreter (the same bits, slowly).
    #[arg(long, value_enum, default_value = "jit")]
    pub backend: BackendName,
    /// The seed; it overrides the spec's.
    #[arg(long)]
    pub seed: Option<u64>,
    #[command(flatten)]
    /// See there.
    pub threads: Threads,
}

/// Who computes.
#[derive(Debug, Clone, Copy, Args)]
pub struct Threads {
    /// How many threads compute, as far as that is worth it; as many as the process may use unless said. Changes no bit.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST as i64))]
    pub threads: Option<u16>,
}

impl Threads {
    /// How many.
    pub fn count(self) -> usize {
        self.threads.map_or_else(available_threads, usize::from)
    }
}

/// Arguments of `train`.
#[derive(Debug, Args)]
pub struct TrainArguments {
    /// The spec; may be left out with --resume.
    pub spec: Option<PathBuf>,
    #[command(flatten)]
    /// See there.
    pub setting: Setting,
    #[command(flatten)]
    /// See there.
    pub machine: Machine,
    /// How many epochs: the length of a spec without development, else a cap on every phase.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub epochs: Option<u32>,
    /// The run folder; without it, runs/NAME-SEED.
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Go on with the run in this folder.
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
    /// One JSON object a line; the last is the summary.
    #[arg(long)]
    pub json: bool,
    /// No progress and no table.
    #[arg(long)]
    pub quiet: bool,
}

/// Arguments of `eval`.
#[derive(Debug, Args)]
pub struct EvalArguments {
    /// A run folder.
    pub run: PathBuf,
    /// Machine code, or the loop interpreter.
    #[arg(long, value_enum, default_value = "jit")]
    pub backend: BackendName,
    #[command(flatten)]
    /// See there.
    pub threads: Threads,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `predict`.
#[derive(Debug, Args)]
pub struct PredictArguments {
    /// A run folder.
    pub run: PathBuf,
    /// The data: a path, or a source as a spec writes it; without it, the run's own.
    #[arg(long, value_name = "DATA")]
    pub data: Option<String>,
    /// The file to write.
    #[arg(long, value_name = "FILE.npz")]
    pub out: PathBuf,
    /// Which regions; without it, those that no other region reads.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub regions: Vec<String>,
    /// Machine code, or the loop interpreter.
    #[arg(long, value_enum, default_value = "jit")]
    pub backend: BackendName,
    #[command(flatten)]
    /// See there.
    pub threads: Threads,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `emit`.
#[derive(Debug, Args)]
pub struct EmitArguments {
    /// The spec.
    pub spec: PathBuf,
    #[command(flatten)]
    /// See there.
    pub setting: Setting,
    /// Which stage.
    #[arg(long, value_enum)]
    pub stage: Stage,
    /// Of which phase; the first one if not said.
    #[arg(long)]
    pub phase: Option<String>,
    /// What a number is.
    #[arg(long, value_enum, default_value = "f32")]
    pub precision: PrecisionName,
}

/// The stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// The syntax tree.
    Ast,
    /// The checked model.
    Model,
    /// What a run needs in memory, by name, and what is kept of each time step.
    Memory,
    /// One training step on whole arrays.
    Tensor,
    /// The same as loops.
    Loop,
    /// The same in Cranelift's IR.
    Clif,
    /// The same as this machine's instructions.
    Asm,
}

/// Arguments of `data`.
#[derive(Debug, Args)]
pub struct DataArguments {
    /// A file or folder of data, a source such as digits, or a spec.
    pub what: String,
    /// The seed of a validation split.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct BenchArguments {
    /// The spec.
    pub spec: PathBuf,
    #[command(flatten)]
    /// See there.
    pub setting: Setting,
    #[command(flatten)]
    /// See there.
    pub machine: Machine,
    /// How many repeats.
    #[arg(long, default_value_t = 5)]
    pub repeats: usize,
    /// JSON.
    #[arg(long)]
    pub json: bool,
}

/// A precision as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrecisionName {
    /// 32 bits.
    F32,
    /// 64 bits.
    F64,
}

impl PrecisionName {
    /// The precision that is written so.
    pub fn of(text: &str) -> Option<PrecisionName> {
        match text {
            "f32" => Some(PrecisionName::F32),
            "f64" => Some(PrecisionName::F64),
            _ => None,
        }
    }
}

impl From<PrecisionName> for Precision {
    fn from(name: PrecisionName) -> Precision {
        match name {
            PrecisionName::F32 => Precision::F32,
            PrecisionName::F64 => Precision::F64,
        }
    }
}

/// A backend as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BackendName {
    /// Machine code.
    Jit,
    /// The loop interpreter.
    Interpreter,
}

impl From<BackendName> for Backend {
    fn from(name: BackendName) -> Backend {
        match name {
            BackendName::Jit => Backend::Jit,
            BackendName::Interpreter => Backend::Interpreter,
        }
    }
}

/// `512MiB` as bytes.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" | "k" | "kb" => 1 << 10,
        "mib" | "m" | "mb" => 1 << 20,
        "gib" | "g" | "gb" => 1 << 30,
        "tib" | "t" | "tb" => 1 << 40,
        _ => return Err(format!("`{unit}` is no unit of memory; write KiB, MiB, GiB or TiB")),
    };
    let number: u64 = digits.trim().parse().map_err(|_| format!("`{text}` is no size; write it as 512MiB"))?;
    number.checked_mul(factor).ok_or_else(|| format!("`{text}` is more than any machine has"))
}

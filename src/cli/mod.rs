//! The command line: arguments, terminal, exit codes. One file a command; everything else is the library's.

mod arguments;
mod bench;
mod check;
mod credit;
mod data;
mod emit;
mod eval;
mod explain;
mod library;
mod new;
mod predict;
mod show;
mod train;

use arguments::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;
use std::time::Instant;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All is well.
    Fine,
    /// The spec is wrong.
    Spec,
    /// The command was called wrongly.
    Usage,
    /// The run failed.
    Run,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> ExitCode {
        ExitCode::from(match ending {
            Ending::Fine => 0,
            Ending::Spec => 1,
            Ending::Usage => 2,
            Ending::Run => 3,
        })
    }
}

/// Runs the command that the arguments name; `entered` is when the program was.
pub fn main(entered: Instant) -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let shown = error.print();
            return match (error.use_stderr(), shown) {
                (false, Ok(())) => Ending::Fine.into(),
                _ => Ending::Usage.into(),
            };
        }
    };
    let ending = match arguments.command {
        Command::New { name } => new::run(&name),
        Command::Check(arguments) => check::run(&arguments),
        Command::Credit(arguments) => credit::run(&arguments),
        Command::Train(arguments) => train::run(&arguments, entered),
        Command::Eval(arguments) => eval::run(&arguments, entered),
        Command::Predict(arguments) => predict::run(&arguments, entered),
        Command::Emit(arguments) => emit::run(&arguments),
        Command::Explain { code } => explain::run(code.as_deref()),
        Command::Lib { name } => library::run(name.as_deref()),
        Command::Data(arguments) => data::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments, entered),
    };
    ending.into()
}

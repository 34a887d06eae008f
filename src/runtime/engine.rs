//! Programs of a phase, ready to be run by machine code or by the loop interpreter.

use super::store::Store;
use super::{Backend, RunError};
use crate::codegen::Code;
use crate::loops::eval::Interpreter;
use crate::loops::lower::{Layouts, lower};
use crate::loops::{Precision, Program};
use crate::tensor;
use std::sync::Arc;

/// A program and who carries it out.
#[derive(Clone)]
pub(super) struct Engine {
    pub(super) program: Arc<Program>,
    by: By,
}

#[derive(Clone)]
enum By {
    Code(Arc<Code>),
    Interpreter(Arc<Interpreter>),
}

/// Programs that were made before: equal programs are made once.
#[derive(Default)]
pub(super) struct Made {
    layouts: Layouts,
    engines: Vec<(tensor::Program, Engine)>,
}

impl Made {
    /// The engines of programs that are used together.
    pub(super) fn engines<const N: usize>(
        &mut self,
        programs: [tensor::Program; N],
        precision: Precision,
        backend: Backend,
    ) -> Result<[Engine; N], RunError> {
        let programs = programs.map(tensor::pass::simplify);
        let new: Vec<&tensor::Program> = programs.iter().filter(|program| self.find(program).is_none()).collect();
        let mut lowered = Vec::new();
        for program in &new {
            let made = lower(program, precision, &mut self.layouts);
            lowered.push(made.map_err(|not_yet| RunError::NotYet(not_yet.message))?);
        }
        let by = carried_out(&lowered, backend).map_err(RunError::Code)?;
        for ((program, lowered), by) in new.into_iter().zip(lowered).zip(by) {
            self.engines.push((program.clone(), Engine { program: Arc::new(lowered), by }));
        }
        Ok(programs.map(|program| match self.find(&program) {
            Some(engine) => engine,
            None => crate::bug!("an engine was made, and is not there"),
        }))
    }

    /// The engine of a program that was made before.
    fn find(&self, program: &tensor::Program) -> Option<Engine> {
        let same = self.engines.iter().find(|(other, _)| {
            other.graph == program.graph && other.slots == program.slots && other.writes == program.writes
        });
        same.map(|(_, engine)| engine.clone())
    }
}

/// Who carries out each of some programs.
fn carried_out(programs: &[Program], backend: Backend) -> Result<Vec<By>, String> {
    match backend {
        Backend::Jit if programs.is_empty() => Ok(Vec::new()),
        Backend::Jit => {
            let all = Code::compile_all(&programs.iter().collect::<Vec<_>>()).map_err(|error| error.to_string())?;
            Ok(all.into_iter().map(|code| By::Code(Arc::new(code))).collect())
        }
        Backend::Interpreter => {
            let each = |program| Interpreter::new(program).map(|made| By::Interpreter(Arc::new(made)));
            programs.iter().map(each).collect::<Result<_, _>>().map_err(|fault| fault.to_string())
        }
    }
}

impl Engine {
    /// Runs so many steps; slots that `own` has are its own.
    pub(super) fn run(&self, store: &mut Store, own: Option<&mut Store>, steps: u64) -> Result<(), RunError> {
        store.lend(own, &self.program, |slots| match &self.by {
            By::Code(code) => code.call(slots, steps).map_err(|error| RunError::Code(error.to_string())),
            By::Interpreter(interpreter) => {
                interpreter.run(slots, steps).map_err(|fault| RunError::Code(fault.to_string()))
            }
        })
    }
}

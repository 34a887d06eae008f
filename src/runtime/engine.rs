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
    /// The engine of a program.
    pub(super) fn engine(
        &mut self,
        program: tensor::Program,
        precision: Precision,
        backend: Backend,
    ) -> Result<Engine, RunError> {
        let program = tensor::pass::simplify(program);
        let same = self.engines.iter().find(|(other, _)| {
            other.graph == program.graph && other.slots == program.slots && other.writes == program.writes
        });
        if let Some((_, engine)) = same {
            return Ok(engine.clone());
        }
        let lowered =
            lower(&program, precision, &mut self.layouts).map_err(|not_yet| RunError::NotYet(not_yet.message))?;
        let by = match backend {
            Backend::Jit => {
                By::Code(Arc::new(Code::compile(&lowered).map_err(|error| RunError::Code(error.to_string()))?))
            }
            Backend::Interpreter => By::Interpreter(Arc::new(
                Interpreter::new(&lowered).map_err(|fault| RunError::Code(fault.to_string()))?,
            )),
        };
        let engine = Engine { program: Arc::new(lowered), by };
        self.engines.push((program, engine.clone()));
        Ok(engine)
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

//! Programs of a phase, ready to be run by machine code or by the loop interpreter.

use super::store::Store;
use super::{Backend, RunError};
use crate::codegen::{Code, Team};
use crate::loops::eval::Interpreter;
use crate::loops::lower::{Layouts, lower};
use crate::loops::walk::is_split;
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
    /// With a team, if any nest is worth it.
    Code(Arc<Code>, Option<Arc<Team>>),
    Interpreter(Arc<Interpreter>),
}

/// Programs that were made before: equal programs are made once.
pub(super) struct Made {
    layouts: Layouts,
    engines: Vec<(tensor::Program, Engine)>,
    threads: usize,
    /// Is there as soon as a program needs it.
    team: Option<Arc<Team>>,
}

impl Made {
    /// None yet; they are carried out by so many threads.
    pub(super) fn new(threads: usize) -> Made {
        Made { layouts: Layouts::default(), engines: Vec::new(), threads, team: None }
    }

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
        let by = self.carried_out(&lowered, backend).map_err(RunError::Code)?;
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

    /// Who carries out each of some programs.
    fn carried_out(&mut self, programs: &[Program], backend: Backend) -> Result<Vec<By>, String> {
        match backend {
            Backend::Jit if programs.is_empty() => Ok(Vec::new()),
            Backend::Jit => {
                let all = Code::compile_all(&programs.iter().collect::<Vec<_>>()).map_err(|error| error.to_string())?;
                let code = |(code, program)| By::Code(Arc::new(code), self.team(program));
                Ok(all.into_iter().zip(programs).map(code).collect())
            }
            Backend::Interpreter => {
                let each = |program| Interpreter::new(program).map(|made| By::Interpreter(Arc::new(made)));
                programs.iter().map(each).collect::<Result<_, _>>().map_err(|fault| fault.to_string())
            }
        }
    }

    /// The threads for a program; one does it alone if the program is small.
    fn team(&mut self, program: &Program) -> Option<Arc<Team>> {
        if self.threads < 2 || !is_split(program) {
            return None;
        }
        Some(self.team.get_or_insert_with(|| Arc::new(Team::new(self.threads))).clone())
    }
}

impl Engine {
    /// Runs so many steps; slots that `own` has are its own.
    pub(super) fn run(&self, store: &mut Store, own: Option<&mut Store>, steps: u64) -> Result<(), RunError> {
        store.lend(own, &self.program, |slots| match &self.by {
            By::Code(code, team) => {
                let called = match team {
                    Some(team) => code.call_with(team, slots, steps),
                    None => code.call(slots, steps),
                };
                called.map_err(|error| RunError::Code(error.to_string()))
            }
            By::Interpreter(interpreter) => interpreter
                .run(&mut slots.iter_mut().collect::<Vec<_>>(), steps)
                .map_err(|fault| RunError::Code(fault.to_string())),
        })
    }
}

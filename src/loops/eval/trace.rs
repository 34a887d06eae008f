//! Where values that are not finite come from: one step with a cause beside each register and each cell that holds such a
//! value. A cause is the operation that made it of finite ones; whoever reads the value has the same cause. So of all
//! infinities that come and go in a step, those are found that flow into what is wrong at its end.

use super::machine::Machine;
use super::number::{Lanes, Number};
use super::prepare::Prepared;
use super::step::{Address, Gather, Matrix, Place, Step};
use crate::loops::{self, FoldKind, LANES, Mark, Program};
use crate::math::Function;
use crate::tensor::Name;

/// What was done when a value that is not finite came about.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// A function of one or two numbers.
    Function(Function),
    /// A product and a sum in one.
    MultiplyAdd,
    /// A sum, a largest or a smallest of several.
    Fold(FoldKind),
    /// A sum of products.
    Dot,
    /// A constant that is not finite in this precision.
    Constant,
    /// It was there when the step began, in this buffer.
    Given(Name),
}

/// How a value that is not finite came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// What was done.
    pub deed: Deed,
    /// The numbers to which it was done, if they are few.
    pub operands: Vec<f64>,
    /// What came of it.
    pub value: f64,
    /// The operation of the spec.
    pub origin: Mark,
    /// The rounds of the loops of the spec around it, the outermost first.
    pub rounds: Vec<usize>,
}

/// What a step has left in its slots that is not finite, with how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Traced {
    causes: Vec<Cause>,
    slots: Vec<Option<usize>>,
}

impl Traced {
    /// The first cause of what is not finite in some slots.
    pub fn first(&self, slots: impl IntoIterator<Item = usize>) -> Option<&Cause> {
        let first = slots.into_iter().filter_map(|slot| self.slots.get(slot).copied().flatten()).min()?;
        self.causes.get(first)
    }
}

/// So many causes are told apart; of what comes later, one for each operation.
const MOST: usize = 1 << 16;

/// The number of a cause in the order in which they arose, from 1; 0 is none.
type Label = u32;

/// What is known while a step is traced.
#[derive(Debug)]
pub(super) struct Trace {
    causes: Vec<Cause>,
    /// Beside the registers of reals.
    reals: Vec<Lanes<Label>>,
    /// Beside the cells of buffers in which something was stored that is not finite.
    cells: Vec<Option<Vec<Label>>>,
    /// The origin of each register of reals.
    origins: Vec<Mark>,
    /// Whether a variable is that of a loop of the spec.
    rounds: Vec<bool>,
    /// The variables of such loops that are running.
    running: Vec<usize>,
}

/// Whether two values are the same number, or none.
fn same<N: Number>(a: N, b: N) -> bool {
    a == b || (a.wide().is_nan() && b.wide().is_nan())
}

impl Trace {
    pub fn new(program: &Program, prepared: &Prepared) -> Trace {
        let mut rounds = vec![false; program.variables as usize];
        for var in &program.origins.rounds {
            rounds[var.0 as usize] = true;
        }
        Trace {
            causes: Vec::new(),
            reals: vec![[0; LANES]; prepared.reals],
            cells: vec![None; program.buffers.len()],
            origins: prepared.origins.clone(),
            rounds,
            running: Vec::new(),
        }
    }

    /// What the slots hold at the end.
    pub fn end(self, program: &Program) -> Traced {
        let mut slots = vec![None; program.slots.len()];
        for (buffer, cells) in program.buffers.iter().zip(&self.cells) {
            if let (loops::Place::Slot(slot), Some(cells)) = (buffer.place, cells) {
                slots[slot] = cells.iter().filter(|label| **label > 0).min().map(|label| *label as usize - 1);
            }
        }
        Traced { causes: self.causes, slots }
    }

    /// A loop begins.
    pub fn enter(&mut self, var: usize) {
        if self.rounds[var] {
            self.running.push(var);
        }
    }

    /// A loop ends.
    pub fn leave(&mut self, var: usize) {
        if self.rounds[var] {
            self.running.pop();
        }
    }

    /// A register's first lane is given to all.
    pub fn give(&mut self, place: Place) {
        self.reals[place] = [self.reals[place][0]; LANES];
    }

    fn arise(&mut self, deed: Deed, operands: Vec<f64>, value: f64, origin: Mark, vars: &[usize]) -> Label {
        if self.causes.len() >= MOST {
            let alike = |cause: &Cause| cause.deed == deed && cause.origin.0 == origin.0;
            if let Some(place) = self.causes.iter().position(alike) {
                return place as Label + 1;
            }
        }
        let rounds = self.running.iter().map(|var| vars[*var]).collect();
        self.causes.push(Cause { deed, operands, value, origin, rounds });
        self.causes.len() as Label
    }

    fn cell(&self, buffer: usize, cell: usize) -> Label {
        self.cells[buffer].as_ref().map_or(0, |cells| cells[cell])
    }

    fn set_cell(&mut self, (buffer, len): (usize, usize), cell: usize, label: Label) {
        match &mut self.cells[buffer] {
            Some(cells) => cells[cell] = label,
            None if label == 0 => {}
            none => none.insert(vec![0; len])[cell] = label,
        }
    }
}

impl<N: Number> Machine<'_, N> {
    /// The operand from which a value that is not finite comes: the one that it is, or else the first that is not finite.
    fn inherited(&self, trace: &Trace, operands: &[Place], lane: usize, value: N) -> Option<Label> {
        let bad = |place: &&Place| !self.reals[**place][lane].wide().is_finite();
        let one = operands.iter().filter(bad).find(|place| same(self.reals[**place][lane], value));
        let place = one.or_else(|| operands.iter().find(bad))?;
        Some(trace.reals[*place][lane])
    }

    fn numbers(&self, operands: &[Place], lane: usize) -> Vec<f64> {
        operands.iter().map(|place| self.reals[*place][lane].wide()).collect()
    }

    /// Behind a statement that computes a register.
    pub fn trace_computed(&mut self, step: &Step, active: usize) {
        let Some(mut trace) = self.trace.take() else { return };
        let (to, deed, operands) = match *step {
            Step::Real(to, _) => (to, Deed::Constant, vec![]),
            Step::Unary(to, function, a) => (to, Deed::Function(function), vec![a]),
            Step::Binary(to, function, a, b) => (to, Deed::Function(function), vec![a, b]),
            Step::Fma(to, a, b, c) => (to, Deed::MultiplyAdd, vec![a, b, c]),
            Step::SelectReal(to, _, a, b) => (to, Deed::Constant, vec![a, b]),
            _ => return self.trace = Some(trace),
        };
        for lane in 0..active {
            let value = self.reals[to][lane];
            if value.wide().is_finite() {
                continue;
            }
            let chosen = match *step {
                Step::SelectReal(_, cond, ..) if self.truths[cond][lane] => &operands[..1],
                Step::SelectReal(..) => &operands[1..],
                _ => &operands[..],
            };
            trace.reals[to][lane] = match self.inherited(&trace, chosen, lane, value) {
                Some(label) => label,
                None => {
                    let (numbers, origin) = (self.numbers(chosen, lane), trace.origins[to]);
                    trace.arise(deed.clone(), numbers, value.wide(), origin, &self.vars)
                }
            };
        }
        self.trace = Some(trace);
    }

    /// Where a value in memory comes from.
    fn cause_in_memory(&self, trace: &mut Trace, buffer: usize, cell: usize, value: N) -> Label {
        match trace.cell(buffer, cell) {
            0 => {
                let deed = Deed::Given(self.buffers[buffer].name.clone());
                trace.arise(deed, Vec::new(), value.wide(), Mark::default(), &self.vars)
            }
            label => label,
        }
    }

    /// Behind a load.
    pub fn trace_load(&mut self, to: Place, from: usize, address: &Address, active: usize) {
        let Some(mut trace) = self.trace.take() else { return };
        let base = self.base(address);
        for lane in 0..active {
            let value = self.reals[to][lane];
            if !value.wide().is_finite() {
                let cell = self.cell(address, base, lane);
                trace.reals[to][lane] = self.cause_in_memory(&mut trace, from, cell, value);
            }
        }
        self.trace = Some(trace);
    }

    /// Behind a store.
    pub fn trace_store(&mut self, from: Place, to: usize, address: &Address, active: usize) {
        let Some(mut trace) = self.trace.take() else { return };
        let (base, len) = (self.base(address), self.memory[to].reals().len());
        for lane in 0..active {
            let label = if self.reals[from][lane].wide().is_finite() { 0 } else { trace.reals[from][lane] };
            trace.set_cell((to, len), self.cell(address, base, lane), label);
        }
        self.trace = Some(trace);
    }

    /// Behind a round of a fold: from what there was to what there is now.
    pub fn trace_added(
        &mut self,
        gather: Gather,
        [before, after]: [&Lanes<N>; 2],
        labels: &mut Lanes<Label>,
        active: usize,
    ) {
        let Some(mut trace) = self.trace.take() else { return };
        let (to, operands, deed) = match gather {
            Gather::Dot { to, a, b } => (to, vec![a, b], Deed::Dot),
            Gather::Real { to, fold, from } => (to, vec![from], Deed::Fold(fold)),
            Gather::Int { .. } | Gather::Truth { .. } => (0, Vec::new(), Deed::Dot),
        };
        let sums = matches!(deed, Deed::Dot | Deed::Fold(FoldKind::Sum));
        for lane in 0..active {
            let value = after[lane];
            if value.wide().is_finite() {
                labels[lane] = 0;
            } else if labels[lane] == 0 || !(sums || same(before[lane], value)) {
                labels[lane] = match self.inherited(&trace, &operands, lane, value) {
                    Some(label) => label,
                    None => {
                        let mut numbers = self.numbers(&operands, lane);
                        numbers.push(before[lane].wide());
                        trace.arise(deed.clone(), numbers, value.wide(), trace.origins[to], &self.vars)
                    }
                };
            }
        }
        self.trace = Some(trace);
    }

    /// Behind a fold: `labels` are those of its lanes; they give one value (a tree) or one each.
    pub fn trace_folded(&mut self, gather: Gather, mut labels: Lanes<Label>, tree: bool, active: usize) {
        let (to, deed) = match gather {
            Gather::Dot { to, .. } => (to, Deed::Dot),
            Gather::Real { to, fold, .. } => (to, Deed::Fold(fold)),
            Gather::Int { .. } | Gather::Truth { .. } => return,
        };
        let Some(mut trace) = self.trace.take() else { return };
        if tree {
            labels[0] = labels.into_iter().find(|label| *label > 0).unwrap_or(0);
        }
        for (lane, label) in labels.iter_mut().enumerate().take(if tree { 1 } else { active }) {
            let value = self.reals[to][lane].wide();
            if !value.is_finite() && *label == 0 {
                *label = trace.arise(deed.clone(), Vec::new(), value, trace.origins[to], &self.vars);
            }
        }
        trace.reals[to] = labels;
        self.trace = Some(trace);
    }

    /// Before a row of a product is stored: its first cells in left, right and result are given.
    pub fn trace_row(&mut self, matrix: &Matrix, row: &[N], depth: usize, [left, right, out]: [usize; 3]) {
        let Some(mut trace) = self.trace.take() else { return };
        let len = self.memory[matrix.out.buffer].reals().len();
        for (column, value) in row.iter().enumerate() {
            let mut label = 0;
            if !value.wide().is_finite() {
                let mut operands = Vec::new();
                if matrix.accumulate {
                    operands.push((matrix.out.buffer, out + column));
                }
                for k in 0..depth {
                    operands.push((matrix.left.buffer, left + k * matrix.left.column));
                    operands.push((matrix.right.buffer, right + k * matrix.right.row + column));
                }
                let number = |(buffer, cell): &(usize, usize)| self.memory[*buffer].reals()[*cell];
                label = match operands.iter().find(|operand| !number(operand).wide().is_finite()) {
                    Some(operand) => self.cause_in_memory(&mut trace, operand.0, operand.1, number(operand)),
                    None => trace.arise(Deed::Dot, Vec::new(), value.wide(), matrix.origin, &self.vars),
                };
            }
            trace.set_cell((matrix.out.buffer, len), out + column, label);
        }
        self.trace = Some(trace);
    }
}

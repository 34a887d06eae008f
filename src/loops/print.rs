//! To text, one statement a line; [`parse`](super::parse) reads it back.
//!
//! ```text
//! loops digits f32 scratch 2048 {
//!   slot 0 "bias": real[10] parameter strides [1] len 16
//!   buffer b0 real[16] slot 0 "bias"
//!   buffer b1 real[512] scratch 0 "Hidden.drive" @0:10..20
//!
//!   nest "Hidden.drive" @0:10..20 split i0 by 16 {
//!     loop i0 < 10 lanes {
//!       r0: real = load b0[i0]
//!       r1: real = fold i1 < 3 chain sum r0 {
//!       }
//!       store b1[4 + 16*i0] r1
//!     }
//!   }
//! }
//! ```

use super::kinds::{fold_name, kind_name, name};
use super::walk::walk;
use super::{
    Axis, Buffer, Cell, Constant, Folding, Index, Matrix, Operand, Order, Place, Program, Reg, Slot, Split, Stmt, Term,
    Trip,
};
use crate::tensor::text::{self, At, Real, Word};
use std::collections::BTreeSet;
use std::fmt::{self, Display};

/// The text of a program.
pub fn print(program: &Program) -> String {
    program.to_string()
}

impl Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "loops {} {} scratch {}", Word(&self.name), self.precision, self.scratch)?;
        if self.own != 0 {
            write!(f, " own {}", self.own)?;
        }
        let used = variables(&self.body);
        if used != self.variables {
            write!(f, " variables {}", self.variables)?;
        }
        writeln!(f, " {{")?;
        for (number, slot) in self.slots.iter().enumerate() {
            writeln!(f, "  slot {number} {slot}")?;
        }
        for (number, buffer) in self.buffers.iter().enumerate() {
            writeln!(f, "  buffer b{number} {buffer}")?;
        }
        let mut defined = BTreeSet::new();
        walk(&self.body, &mut |stmt| defined.extend(stmt.defines()));
        for (number, kind) in self.registers.iter().enumerate() {
            if !defined.contains(&Reg(number as u32)) {
                writeln!(f, "  register r{number}: {}", kind_name(*kind))?;
            }
        }
        let mut printer = Printer { program: self, indent: 1 };
        printer.block(f, &self.body)?;
        writeln!(f, "}}")
    }
}

/// One more than the largest variable that a loop opens.
pub(super) fn variables(body: &[Stmt]) -> u32 {
    let mut used = 0;
    walk(body, &mut |stmt| used = used.max(stmt.counts().map_or(0, |(var, _)| var.0.saturating_add(1))));
    used
}

impl Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let strides: Vec<_> = self.strides.iter().map(usize::to_string).collect();
        let (name, ty, role) = (&*self.name, &self.ty, text::role(self.role));
        write!(f, "{name:?}: {ty} {role} strides [{}] len {}", strides.join(", "), self.len)
    }
}

impl Display for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cell {
            Cell::Real => f.write_str("real")?,
            Cell::Int(None) => f.write_str("int")?,
            Cell::Int(Some(k)) => write!(f, "class<{k}>")?,
            Cell::Bool => f.write_str("bool")?,
            Cell::Byte => f.write_str("byte")?,
        }
        match self.place {
            Place::Slot(slot) => write!(f, "[{}] slot {slot}", self.len)?,
            Place::Scratch(start) => write!(f, "[{}] scratch {start}", self.len)?,
            Place::Own(start) => write!(f, "[{}] own {start}", self.len)?,
        }
        write!(f, " {:?}{}", &*self.name, At(self.span))
    }
}

impl Display for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

impl Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plus = "";
        if self.offset != 0 || self.terms.is_empty() {
            write!(f, "{}", self.offset)?;
            plus = " + ";
        }
        for (term, stride) in &self.terms {
            f.write_str(std::mem::replace(&mut plus, " + "))?;
            if *stride != 1 {
                write!(f, "{stride}*")?;
            }
            match term {
                Term::Var(var) => write!(f, "i{}", var.0)?,
                Term::Reg(reg) => write!(f, "{reg}")?,
            }
        }
        Ok(())
    }
}

impl Display for Trip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trip::Const(n) => write!(f, "{n}"),
            Trip::Count { buffer, bound } => write!(f, "b{} max {bound}", buffer.0),
        }
    }
}

impl Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Constant::Real(x) => write!(f, "{}", Real(*x)),
            Constant::Int(n) => write!(f, "{n}"),
            Constant::Bool(truth) => write!(f, "{truth}"),
        }
    }
}

impl Display for Folding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Folding::Of(fold, reg) => write!(f, "{} {reg}", fold_name(*fold)),
            Folding::Dot(a, b) => write!(f, "dot {a} {b}"),
        }
    }
}

impl Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operand = |o: &Operand| format!("b{}[{}] row {} column {}", o.buffer.0, o.base, o.row, o.column);
        write!(f, "matrix rows {} columns {} depth {}", self.rows, self.columns, self.depth)?;
        write!(f, " left {} right {}", operand(&self.left), operand(&self.right))?;
        write!(f, " out {} room {}", operand(&self.out), self.room)?;
        if self.accumulate { f.write_str(" accumulate") } else { Ok(()) }
    }
}

struct Printer<'a> {
    program: &'a Program,
    indent: usize,
}

impl Printer<'_> {
    fn block(&mut self, f: &mut fmt::Formatter<'_>, block: &[Stmt]) -> fmt::Result {
        for stmt in block {
            self.start(f)?;
            self.stmt(f, stmt)?;
            writeln!(f)?;
        }
        Ok(())
    }

    fn start(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:1$}", "", 2 * self.indent)
    }

    fn braces(&mut self, f: &mut fmt::Formatter<'_>, body: &[Stmt]) -> fmt::Result {
        writeln!(f, " {{")?;
        self.indent += 1;
        self.block(f, body)?;
        self.indent -= 1;
        self.start(f)?;
        f.write_str("}")
    }

    fn stmt(&mut self, f: &mut fmt::Formatter<'_>, stmt: &Stmt) -> fmt::Result {
        if let Some(reg) = stmt.defines() {
            let kind = self.program.registers.get(reg.0 as usize).map_or("real", |kind| kind_name(*kind));
            write!(f, "{reg}: {kind} = ")?;
        }
        match stmt {
            Stmt::Constant { value, .. } => write!(f, "constant {value}"),
            Stmt::Index { var, .. } => write!(f, "index i{}", var.0),
            Stmt::Let { op, args, below, .. } => {
                f.write_str(name(*op))?;
                args.iter().try_for_each(|arg| write!(f, " {arg}"))?;
                below.map_or(Ok(()), |below| write!(f, " below {below}"))
            }
            Stmt::Fma { a, b, c, .. } => write!(f, "fma {a} {b} {c}"),
            Stmt::Load { buffer, index, .. } => write!(f, "load b{}[{index}]", buffer.0),
            Stmt::Store { buffer, index, value } => write!(f, "store b{}[{index}] {value}", buffer.0),
            Stmt::Loop { var, trip, order, body } => {
                let order = match order {
                    Order::Serial => "serial",
                    Order::Reverse => "reverse",
                    Order::Lanes => "lanes",
                };
                write!(f, "loop i{} < {trip} {order}", var.0)?;
                self.braces(f, body)
            }
            Stmt::Fold { var, trip, lanes, body, folding, .. } => {
                let order = if *lanes { "lanes" } else { "chain" };
                write!(f, "fold i{} < {trip} {order} {folding}", var.0)?;
                self.braces(f, body)
            }
            Stmt::Matrix(matrix) => write!(f, "{matrix}"),
            Stmt::Until { var, trip, body, go, rounds } => {
                write!(f, "until i{} < {trip} go {go} rounds b{}", var.0, rounds.0)?;
                self.braces(f, body)
            }
            Stmt::When { cond, then, otherwise } => {
                write!(f, "when {cond}")?;
                self.braces(f, then)?;
                f.write_str(" else")?;
                self.braces(f, otherwise)
            }
            Stmt::Nest { name, span, split, body } => {
                write!(f, "nest {:?}{}", &**name, At(*span))?;
                if let Some(Split { axis, grain }) = split {
                    match axis {
                        Axis::Loop(var) => write!(f, " split i{} by {grain}", var.0)?,
                        Axis::Rows => write!(f, " split rows by {grain}")?,
                        Axis::Columns => write!(f, " split columns by {grain}")?,
                    }
                }
                self.braces(f, body)
            }
        }
    }
}

//! A second interpreter, as plain as can be: one round after the other, one number at a time, lanes loops from the
//! last round to the first (their rounds are independent), split nests in pieces from the last to the first, each with
//! memory of its own. It judges the first.

use neurula::loops::memory::Storage;
use neurula::loops::walk::walk;
use neurula::loops::{
    Axis, BufferId, Cell, Constant, FoldKind, Folding, Index, LANES, Matrix, Operand, Order, Place, Precision, Program,
    Reg, RegKind, Scalar, Split, Stmt, Term, Trip,
};
use neurula::math::{self, Arith, F32, F64, Function};

#[derive(Debug, Clone, Copy)]
enum Value {
    Real(f64),
    Int(i64),
    Bool(bool),
}

struct Plain<'a, 'b> {
    program: &'a Program,
    slots: &'a mut [&'b mut Storage],
    scratch: Vec<Storage>,
    registers: Vec<Value>,
    variables: Vec<usize>,
    /// In a piece: along what it is cut, its first round, and the one behind its last.
    piece: Option<(Axis, usize, usize)>,
}

/// Runs a program.
pub fn run(program: &Program, slots: &mut [&mut Storage], steps: u64) -> Result<(), String> {
    let scratch = program.buffers.iter().map(|b| Storage::zeros(b.cell, program.precision, b.len)).collect();
    let registers = vec![Value::Bool(false); program.registers.len()];
    let variables = vec![0; program.variables as usize];
    let mut plain = Plain { program, slots, scratch, registers, variables, piece: None };
    for _ in 0..steps {
        plain.block(&program.body);
    }
    Ok(())
}

impl Plain<'_, '_> {
    fn storage(&mut self, buffer: BufferId) -> &mut Storage {
        match self.program.buffers[buffer.0 as usize].place {
            Place::Slot(slot) => self.slots[slot],
            Place::Scratch(_) | Place::Own(_) => &mut self.scratch[buffer.0 as usize],
        }
    }

    fn get(&mut self, buffer: BufferId, cell: usize) -> Value {
        let number = self.storage(buffer).get(cell);
        match self.program.buffers[buffer.0 as usize].cell {
            Cell::Real => Value::Real(number),
            Cell::Int(_) | Cell::Byte => Value::Int(number as i64),
            Cell::Bool => Value::Bool(number != 0.0),
        }
    }

    fn set(&mut self, buffer: BufferId, cell: usize, value: Value) {
        let number = match value {
            Value::Real(x) => x,
            Value::Int(n) => f64::from(n as i32),
            Value::Bool(truth) => f64::from(u8::from(truth)),
        };
        self.storage(buffer).set(cell, number);
    }

    fn cell(&self, index: &Index) -> usize {
        let term = |(term, stride): &(Term, usize)| match term {
            Term::Var(var) => self.variables[var.0 as usize] * stride,
            Term::Reg(reg) => self.int(*reg) as usize * stride,
        };
        index.offset + index.terms.iter().map(term).sum::<usize>()
    }

    fn real(&self, reg: Reg) -> f64 {
        match self.registers[reg.0 as usize] {
            Value::Real(x) => x,
            other => panic!("{other:?} is no real"),
        }
    }

    fn int(&self, reg: Reg) -> i64 {
        match self.registers[reg.0 as usize] {
            Value::Int(n) => n,
            other => panic!("{other:?} is no int"),
        }
    }

    fn truth(&self, reg: Reg) -> bool {
        match self.registers[reg.0 as usize] {
            Value::Bool(truth) => truth,
            other => panic!("{other:?} is no bool"),
        }
    }

    fn is_f32(&self) -> bool {
        self.program.precision == Precision::F32
    }

    /// Rounded to the program's real.
    fn round(&self, x: f64) -> Value {
        Value::Real(if self.is_f32() { f64::from(x as f32) } else { x })
    }

    /// Wrapped to the program's int.
    fn wrap(&self, n: i128) -> Value {
        Value::Int(if self.is_f32() { i64::from(n as i32) } else { n as i64 })
    }

    fn apply(&self, function: Function, args: &[f64]) -> f64 {
        if self.is_f32() {
            let args: Vec<_> = args.iter().map(|x| *x as f32).collect();
            f64::from(function.apply(&mut F32, &args))
        } else {
            function.apply(&mut F64, args)
        }
    }

    fn fma(&self, a: f64, b: f64, c: f64) -> f64 {
        if self.is_f32() { f64::from((a as f32).mul_add(b as f32, c as f32)) } else { a.mul_add(b, c) }
    }

    fn trip(&mut self, trip: Trip) -> usize {
        match trip {
            Trip::Const(n) => n,
            Trip::Count { buffer, bound } => match self.get(buffer, 0) {
                Value::Int(n) => n.clamp(0, bound as i64) as usize,
                other => panic!("{other:?} is no count"),
            },
        }
    }

    /// The rounds of a loop, or of a side of a matrix product, that are to be done.
    fn range(&mut self, axis: Axis, trip: Trip) -> std::ops::Range<usize> {
        match self.piece {
            Some((cut, first, end)) if cut == axis => first..end,
            _ => 0..self.trip(trip),
        }
    }

    /// The pieces of a split nest.
    fn pieces(&mut self, split: Split, body: &[Stmt]) {
        let mut trip = None;
        walk(body, &mut |stmt| match (stmt, split.axis) {
            (Stmt::Loop { var, trip: found, .. }, Axis::Loop(cut)) if *var == cut => trip = Some(*found),
            (Stmt::Matrix(matrix), Axis::Rows) => trip = Some(matrix.rows),
            (Stmt::Matrix(matrix), Axis::Columns) => trip = Some(matrix.columns),
            _ => {}
        });
        let rounds = self.trip(trip.expect("what is cut is there"));
        for piece in (0..rounds.div_ceil(split.grain)).rev() {
            for (buffer, info) in self.program.buffers.iter().enumerate() {
                if matches!(info.place, Place::Own(_)) {
                    (0..info.len).for_each(|cell| self.scratch[buffer].set(cell, f64::NAN));
                }
            }
            self.piece = Some((split.axis, piece * split.grain, rounds.min((piece + 1) * split.grain)));
            self.block(body);
        }
        self.piece = None;
    }

    fn block(&mut self, block: &[Stmt]) {
        for stmt in block {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        let value = match stmt {
            Stmt::Constant { value: Constant::Real(x), .. } => self.round(*x),
            Stmt::Constant { value: Constant::Int(n), .. } => Value::Int(*n),
            Stmt::Constant { value: Constant::Bool(truth), .. } => Value::Bool(*truth),
            Stmt::Index { var, .. } => Value::Int(self.variables[var.0 as usize] as i64),
            Stmt::Let { op, args, below, .. } => self.scalar(*op, args, *below),
            Stmt::Fma { a, b, c, .. } => Value::Real(self.fma(self.real(*a), self.real(*b), self.real(*c))),
            Stmt::Load { buffer, index, .. } => self.get(*buffer, self.cell(index)),
            Stmt::Fold { var, trip, lanes, body, folding, .. } => {
                let rounds = self.trip(*trip);
                let mut sums = vec![self.nothing(*folding); if *lanes { LANES } else { 1 }];
                for round in 0..rounds {
                    self.variables[var.0 as usize] = round;
                    self.block(body);
                    let lane = round % sums.len();
                    sums[lane] = match *folding {
                        Folding::Dot(a, b) => match sums[lane] {
                            Value::Real(sum) => Value::Real(self.fma(self.real(a), self.real(b), sum)),
                            other => panic!("{other:?} is no sum"),
                        },
                        Folding::Of(_, reg) => self.with(*folding, sums[lane], self.registers[reg.0 as usize]),
                    };
                }
                while sums.len() > 1 {
                    let half = sums.len() / 2;
                    for lane in 0..half {
                        sums[lane] = self.with(*folding, sums[lane], sums[lane + half]);
                    }
                    sums.truncate(half);
                }
                sums[0]
            }
            other => return self.effect(other),
        };
        let reg = stmt.defines().expect("it gives a value");
        self.registers[reg.0 as usize] = value;
    }

    fn effect(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Store { buffer, index, value } => {
                self.set(*buffer, self.cell(index), self.registers[value.0 as usize]);
            }
            Stmt::Loop { var, trip, order, body } => {
                let rounds = self.range(Axis::Loop(*var), *trip);
                for round in rounds.clone() {
                    let forwards = *order == Order::Serial;
                    self.variables[var.0 as usize] =
                        if forwards { round } else { rounds.end - 1 - (round - rounds.start) };
                    self.block(body);
                }
            }
            Stmt::Matrix(matrix) => self.matrix(matrix),
            Stmt::Until { var, trip, body, go, rounds } => {
                let most = self.trip(*trip);
                let mut done = 0;
                while done < most && (done == 0 || self.truth(*go)) {
                    self.variables[var.0 as usize] = done;
                    self.block(body);
                    done += 1;
                }
                self.set(*rounds, 0, Value::Int(done as i64));
            }
            Stmt::When { cond, then, otherwise } => {
                let chosen = if self.truth(*cond) { then } else { otherwise };
                self.block(chosen);
            }
            Stmt::Nest { split: Some(split), body, .. } => self.pieces(*split, body),
            Stmt::Nest { body, .. } => self.block(body),
            other => panic!("{other:?} gives a value"),
        }
    }

    fn matrix(&mut self, m: &Matrix) {
        let (rows, columns) = (self.range(Axis::Rows, m.rows), self.range(Axis::Columns, m.columns));
        let depth = self.trip(m.depth);
        let place = |p: &Self, o: &Operand, r: usize, c: usize| p.cell(&o.base) + r * o.row + c * o.column;
        for r in rows {
            for c in columns.clone() {
                let out = place(self, &m.out, r, c);
                let mut sum = if m.accumulate { self.storage(m.out.buffer).get(out) } else { 0.0 };
                for k in 0..depth {
                    let (a, b) = (place(self, &m.left, r, k), place(self, &m.right, k, c));
                    let (a, b) = (self.storage(m.left.buffer).get(a), self.storage(m.right.buffer).get(b));
                    sum = self.fma(a, b, sum);
                }
                self.set(m.out.buffer, out, Value::Real(sum));
            }
        }
    }

    fn nothing(&self, folding: Folding) -> Value {
        let (fold, kind) = match folding {
            Folding::Dot(..) => return Value::Real(0.0),
            Folding::Of(fold, reg) => (fold, self.program.registers[reg.0 as usize]),
        };
        match (fold, kind) {
            (FoldKind::Sum, RegKind::Real) => Value::Real(0.0),
            (FoldKind::Max, RegKind::Real) => Value::Real(f64::NEG_INFINITY),
            (FoldKind::Min, RegKind::Real) => Value::Real(f64::INFINITY),
            (FoldKind::Max, RegKind::Int) => Value::Int(i64::from(i32::MIN)),
            (FoldKind::Min, RegKind::Int) => Value::Int(i64::from(i32::MAX)),
            (FoldKind::All, _) => Value::Bool(true),
            (FoldKind::Any, _) => Value::Bool(false),
            _ => Value::Int(0),
        }
    }

    fn with(&self, folding: Folding, sum: Value, more: Value) -> Value {
        let fold = match folding {
            Folding::Dot(..) => FoldKind::Sum,
            Folding::Of(fold, _) => fold,
        };
        match (fold, sum, more) {
            (FoldKind::Sum, Value::Real(a), Value::Real(b)) => Value::Real(self.apply(Function::Add, &[a, b])),
            (FoldKind::Max, Value::Real(a), Value::Real(b)) => Value::Real(self.apply(Function::Maximum, &[a, b])),
            (FoldKind::Min, Value::Real(a), Value::Real(b)) => Value::Real(self.apply(Function::Minimum, &[a, b])),
            (FoldKind::Sum, Value::Int(a), Value::Int(b)) => self.wrap(i128::from(a) + i128::from(b)),
            (FoldKind::Max, Value::Int(a), Value::Int(b)) => Value::Int(a.max(b)),
            (FoldKind::Min, Value::Int(a), Value::Int(b)) => Value::Int(a.min(b)),
            (FoldKind::All, Value::Bool(a), Value::Bool(b)) => Value::Bool(a && b),
            (FoldKind::Any, Value::Bool(a), Value::Bool(b)) => Value::Bool(a || b),
            other => panic!("{other:?} cannot be folded"),
        }
    }

    fn scalar(&self, op: Scalar, args: &[Reg], below: Option<usize>) -> Value {
        let values: Vec<_> = args.iter().map(|arg| self.registers[arg.0 as usize]).collect();
        match (op, &values[..]) {
            (Scalar::Apply(function), [Value::Real(_), ..]) => {
                let args: Vec<_> = args.iter().map(|arg| self.real(*arg)).collect();
                Value::Real(self.apply(function, &args))
            }
            (Scalar::Apply(function), [Value::Int(a), Value::Int(b)]) => {
                let (a, b) = (i128::from(*a), i128::from(*b));
                self.wrap(match function {
                    Function::Add => a + b,
                    Function::Subtract => a - b,
                    Function::Multiply => a * b,
                    Function::Minimum => a.min(b),
                    Function::Maximum => a.max(b),
                    other => panic!("{other} of ints"),
                })
            }
            (Scalar::Less, [Value::Real(a), Value::Real(b)]) => Value::Bool(a < b),
            (Scalar::LessEqual, [Value::Real(a), Value::Real(b)]) => Value::Bool(a <= b),
            (Scalar::Equal, [Value::Real(a), Value::Real(b)]) => Value::Bool(a == b),
            (Scalar::Less, [Value::Int(a), Value::Int(b)]) => Value::Bool(a < b),
            (Scalar::LessEqual, [Value::Int(a), Value::Int(b)]) => Value::Bool(a <= b),
            (Scalar::Equal, [Value::Int(a), Value::Int(b)]) => Value::Bool(a == b),
            (Scalar::And, [Value::Bool(a), Value::Bool(b)]) => Value::Bool(*a && *b),
            (Scalar::Or, [Value::Bool(a), Value::Bool(b)]) => Value::Bool(*a || *b),
            (Scalar::Not, [Value::Bool(a)]) => Value::Bool(!a),
            (Scalar::Select, [Value::Bool(cond), yes, no]) => {
                if *cond {
                    *yes
                } else {
                    *no
                }
            }
            (Scalar::Real, [Value::Bool(a)]) => Value::Real(f64::from(u8::from(*a))),
            (Scalar::Real, [Value::Int(a)]) => self.round(*a as f64),
            (Scalar::Clamp, [Value::Int(a)]) => Value::Int((*a).clamp(0, below.expect("a bound") as i64 - 1)),
            (Scalar::Quotient | Scalar::Remainder, [Value::Int(_), Value::Int(0)]) => Value::Int(0),
            (Scalar::Quotient, [Value::Int(a), Value::Int(b)]) => self.wrap(floor(*a, *b)),
            (Scalar::Remainder, [Value::Int(a), Value::Int(b)]) => {
                self.wrap(i128::from(*a) - floor(*a, *b) * i128::from(*b))
            }
            (Scalar::Uniform, [Value::Int(a), Value::Int(b), Value::Int(c), Value::Int(d)]) => {
                if self.is_f32() {
                    let [a, b, c, d] = [a, b, c, d].map(|word| F32.int(*word));
                    Value::Real(f64::from(math::uniform(&mut F32, [a, b], [c, d])))
                } else {
                    Value::Real(math::uniform(&mut F64, [*a, *b], [*c, *d]))
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

/// a ÷ b, rounded down.
fn floor(a: i64, b: i64) -> i128 {
    let (a, b) = (i128::from(a), i128::from(b));
    let rest = a.rem_euclid(b);
    // The Euclidean quotient rounds down for a divisor above 0, and up for one below.
    if b < 0 && rest != 0 { a.div_euclid(b) - 1 } else { a.div_euclid(b) }
}

/// How often each kind of statement stands in a program: to see that random ones leave none out.
pub fn kinds(program: &Program) -> [usize; 6] {
    let mut kinds = [0; 6];
    walk(&program.body, &mut |stmt| match stmt {
        Stmt::Loop { order: Order::Lanes, .. } => kinds[0] += 1,
        Stmt::Loop { .. } => kinds[1] += 1,
        Stmt::Fold { lanes: true, .. } => kinds[2] += 1,
        Stmt::Fold { .. } => kinds[3] += 1,
        Stmt::Matrix(_) => kinds[4] += 1,
        Stmt::Until { .. } => kinds[5] += 1,
        _ => {}
    });
    kinds
}

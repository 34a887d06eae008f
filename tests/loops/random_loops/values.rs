//! Loads and operations on whatever is known.

use super::random::Random;
use super::{Generator, LENGTHS, Vars};
use neurula::loops::build::Builder;
use neurula::loops::{BufferId, Cell, FoldKind, Folding, Index, Reg, RegKind, Scalar};
use neurula::math::Function;

/// Registers that can be read here.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    pub reals: Vec<Reg>,
    /// With the largest magnitude that each can have.
    pub ints: Vec<(Reg, f64)>,
    pub bools: Vec<Reg>,
    /// Those in `0..k`.
    pub bounded: Vec<(Reg, usize)>,
}

impl Pool {
    fn bound(&mut self, reg: Reg, below: usize) {
        self.bounded.push((reg, below));
        self.ints.push((reg, below as f64));
    }
}

impl Generator {
    /// Loads from everywhere but `not`, at places that vary with the loops around.
    pub fn load(&mut self, b: &mut Builder, pool: &mut Pool, vars: &Vars, not: Option<BufferId>) {
        let area = self.area(|area| Some(area.buffer) != not);
        let index = match pool.bounded.iter().find(|(_, k)| *k <= area.len).copied() {
            Some((reg, k)) if self.random.chance(40) => Index::at(self.random.below(area.len - k + 1)).reg(reg, 1),
            _ => self.index(area.len, vars),
        };
        let reg = b.load(area.buffer, index);
        match area.cell {
            Cell::Real => pool.reals.push(reg),
            Cell::Bool => pool.bools.push(reg),
            Cell::Int(None) => pool.ints.push((reg, 60.0)),
            Cell::Int(Some(k)) => pool.bound(reg, k),
            Cell::Byte => pool.bound(reg, 256),
        }
    }

    /// Fills the pool with loads and operations on what is there.
    pub fn compute(&mut self, b: &mut Builder, pool: &mut Pool, vars: &Vars, not: Option<BufferId>) {
        pool.reals.push({
            let value = self.random.real(2);
            b.real(value)
        });
        pool.ints.push((b.int(3), 3.0));
        pool.bools.push(b.truth(true));
        for (var, bound) in vars {
            if self.random.chance(30) {
                let reg = b.index(*var);
                pool.bound(reg, (*bound).max(1));
            }
        }
        for _ in 0..self.random.below(4) + 1 {
            self.load(b, pool, vars, not);
        }
        for _ in 0..self.random.below(8) {
            match self.random.below(6) {
                0..=2 => self.real(b, pool),
                3 => self.int(b, pool),
                4 => self.truth(b, pool),
                _ => self.load(b, pool, vars, not),
            }
        }
    }

    pub fn real(&mut self, b: &mut Builder, pool: &mut Pool) {
        let (x, y, z) = (self.random.pick(&pool.reals), self.random.pick(&pool.reals), self.random.pick(&pool.reals));
        let bool = self.random.pick(&pool.bools);
        let reg = match self.random.below(10) {
            0 => b.fma(x, y, z),
            1 => b.scalar(Scalar::Select, &[bool, x, y]),
            2 => {
                let int = self.random.pick(&pool.ints).0;
                b.scalar(Scalar::Real, &[int])
            }
            3 => b.scalar(Scalar::Real, &[bool]),
            4 => {
                let words: Vec<_> = (0..4).map(|_| self.random.pick(&pool.ints).0).collect();
                b.scalar(Scalar::Uniform, &words)
            }
            _ => match self.random.pick(Function::ALL) {
                function if function.arity() == 1 => b.apply(function, &[x]),
                function => b.apply(function, &[x, y]),
            },
        };
        pool.reals.push(reg);
    }

    /// Values stay within 32 bits, in both precisions.
    pub fn int(&mut self, b: &mut Builder, pool: &mut Pool) {
        let ((x, of_x), (y, of_y)) = (self.random.pick(&pool.ints), self.random.pick(&pool.ints));
        let bool = self.random.pick(&pool.bools);
        let most = of_x.max(of_y);
        let (op, magnitude) = match self.random.below(9) {
            0 => (Scalar::Apply(Function::Add), of_x + of_y),
            1 => (Scalar::Apply(Function::Subtract), of_x + of_y),
            2 => (Scalar::Apply(Function::Multiply), of_x * of_y),
            3 => (Scalar::Apply(Function::Minimum), most),
            4 => (Scalar::Apply(Function::Maximum), most),
            5 => (Scalar::Quotient, of_x + 1.0),
            6 => (Scalar::Remainder, of_y),
            7 => (Scalar::Select, most),
            _ => (Scalar::Clamp, 0.0),
        };
        match op {
            Scalar::Clamp => {
                let below = self.random.pick(&LENGTHS);
                let reg = b.clamp(x, below);
                pool.bound(reg, below);
            }
            Scalar::Select => pool.ints.push((b.scalar(op, &[bool, x, y]), magnitude)),
            _ if magnitude < 1e9 => pool.ints.push((b.scalar(op, &[x, y]), magnitude)),
            _ => {}
        }
    }

    pub fn truth(&mut self, b: &mut Builder, pool: &mut Pool) {
        let (p, q) = (self.random.pick(&pool.bools), self.random.pick(&pool.bools));
        let (x, y) = (self.random.pick(&pool.reals), self.random.pick(&pool.reals));
        let (m, n) = (self.random.pick(&pool.ints).0, self.random.pick(&pool.ints).0);
        let comparison = self.random.pick(&[Scalar::Less, Scalar::LessEqual, Scalar::Equal]);
        let reg = match self.random.below(6) {
            0 => b.scalar(Scalar::And, &[p, q]),
            1 => b.scalar(Scalar::Or, &[p, q]),
            2 => b.scalar(Scalar::Not, &[p]),
            3 => b.scalar(comparison, &[m, n]),
            4 => b.scalar(Scalar::Select, &[p, q, p]),
            _ => b.scalar(comparison, &[x, y]),
        };
        pool.bools.push(reg);
    }

    /// A register that the cells can hold.
    pub fn value(&mut self, b: &mut Builder, pool: &Pool, cell: Cell) -> Reg {
        let recent = |regs: &[Reg], random: &mut Random| match regs {
            [.., last] if random.chance(70) => *last,
            regs => random.pick(regs),
        };
        match cell {
            Cell::Real => recent(&pool.reals, &mut self.random),
            Cell::Bool => recent(&pool.bools, &mut self.random),
            Cell::Int(None) => {
                let int = self.random.pick(&pool.ints).0;
                let hundred = b.int(50);
                b.scalar(Scalar::Remainder, &[int, hundred])
            }
            Cell::Int(Some(k)) => {
                let int = self.random.pick(&pool.ints).0;
                b.clamp(int, k)
            }
            Cell::Byte => {
                let int = self.random.pick(&pool.ints).0;
                b.clamp(int, 256)
            }
        }
    }

    pub fn folding(&mut self, pool: &Pool) -> Folding {
        let real = self.random.pick(&pool.reals);
        match self.random.below(8) {
            0..=2 => Folding::Dot(real, self.random.pick(&pool.reals)),
            3 => Folding::Of(FoldKind::Sum, real),
            4 => Folding::Of(self.random.pick(&[FoldKind::Max, FoldKind::Min]), real),
            5 => Folding::Of(self.random.pick(&[FoldKind::All, FoldKind::Any]), self.random.pick(&pool.bools)),
            _ => {
                let small: Vec<_> = pool.ints.iter().filter(|(_, most)| *most < 1e6).collect();
                let (reg, _) = self.random.pick(&small);
                Folding::Of(self.random.pick(&[FoldKind::Sum, FoldKind::Max, FoldKind::Min]), *reg)
            }
        }
    }

    /// Puts a fold's result into the pool. An int's magnitude is cut, since an empty maximum is very small.
    pub fn keep(&mut self, b: &mut Builder, pool: &mut Pool, reg: Reg) {
        match b.kind(reg) {
            RegKind::Real => pool.reals.push(reg),
            RegKind::Bool => pool.bools.push(reg),
            RegKind::Int => {
                let most = b.int(1000);
                pool.ints.push((b.scalar(Scalar::Remainder, &[reg, most]), 1000.0));
            }
        }
    }
}

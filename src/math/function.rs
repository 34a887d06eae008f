//! The vocabulary: every scalar function of reals by its name, which tensors, loops and machine code share.

use super::{
    Arith, ceil, cos, exp, floor, log, maximum, minimum, modulo, normal_quantile, pow, round, sign, sin, tanh,
};
use crate::bug;
use std::fmt;

macro_rules! functions {
    ($($(#[$doc:meta])* $variant:ident $name:literal $arity:literal,)*) => {
        /// A function of one or two reals to a real.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Function {
            $($(#[$doc])* $variant,)*
        }

        impl Function {
            /// All of them.
            pub const ALL: &'static [Function] = &[$(Function::$variant,)*];

            /// As it is printed and called.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Function::$variant => $name,)*
                }
            }

            /// How many arguments it takes: one or two.
            pub const fn arity(self) -> usize {
                match self {
                    $(Function::$variant => $arity,)*
                }
            }
        }
    };
}

functions! {
    /// a + b.
    Add "add" 2,
    /// a − b.
    Subtract "subtract" 2,
    /// a × b.
    Multiply "multiply" 2,
    /// a ÷ b.
    Divide "divide" 2,
    /// −a.
    Negate "negate" 1,
    /// |a|.
    Abs "abs" 1,
    /// √a.
    Sqrt "sqrt" 1,
    /// See [`exp()`].
    Exp "exp" 1,
    /// See [`log()`].
    Log "log" 1,
    /// See [`tanh()`].
    Tanh "tanh" 1,
    /// See [`sin`].
    Sin "sin" 1,
    /// See [`cos`].
    Cos "cos" 1,
    /// See [`pow`].
    Pow "pow" 2,
    /// See [`floor`].
    Floor "floor" 1,
    /// See [`ceil`].
    Ceil "ceil" 1,
    /// See [`round()`].
    Round "round" 1,
    /// See [`modulo`].
    Modulo "modulo" 2,
    /// See [`maximum`].
    Maximum "maximum" 2,
    /// See [`minimum`].
    Minimum "minimum" 2,
    /// See [`sign`].
    Sign "sign" 1,
    /// See [`normal_quantile`].
    NormalQuantile "normal_quantile" 1,
}

impl Function {
    /// The function of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.name() == name)
    }

    /// Its value, carried out by `a`; `args` are as many as [`Function::arity`] says.
    #[inline]
    pub fn apply<A: Arith>(self, a: &mut A, args: &[A::Real]) -> A::Real {
        match *args {
            [x] if self.arity() == 1 => self.unary(a, x),
            [x, y] if self.arity() == 2 => self.binary(a, x, y),
            _ => bug!("{self} takes {} arguments, not {}", self.arity(), args.len()),
        }
    }

    fn unary<A: Arith>(self, a: &mut A, x: A::Real) -> A::Real {
        match self {
            Function::Negate => a.neg(x),
            Function::Abs => a.abs(x),
            Function::Sqrt => a.sqrt(x),
            Function::Exp => exp(a, x),
            Function::Log => log(a, x),
            Function::Tanh => tanh(a, x),
            Function::Sin => sin(a, x),
            Function::Cos => cos(a, x),
            Function::Floor => floor(a, x),
            Function::Ceil => ceil(a, x),
            Function::Round => round(a, x),
            Function::Sign => sign(a, x),
            Function::NormalQuantile => normal_quantile(a, x),
            _ => bug!("{self} does not take one argument"),
        }
    }

    fn binary<A: Arith>(self, a: &mut A, x: A::Real, y: A::Real) -> A::Real {
        match self {
            Function::Add => a.add(x, y),
            Function::Subtract => a.sub(x, y),
            Function::Multiply => a.mul(x, y),
            Function::Divide => a.div(x, y),
            Function::Pow => pow(a, x, y),
            Function::Modulo => modulo(a, x, y),
            Function::Maximum => maximum(a, x, y),
            Function::Minimum => minimum(a, x, y),
            _ => bug!("{self} does not take two arguments"),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

//! Cranelift as a carrier of `math`: every scalar function becomes instructions by the definition that the interpreters
//! use too.
//!
//! A carrier works on one number or on a vector of lanes; a truth value is a byte of 0 or 1 in the first case, a lane of
//! zeros or ones as wide as the real in the second.

use crate::loops::RegKind;
use crate::math::{Arith, Precision};
use cranelift::codegen::ir::{ConstantData, Endianness};
use cranelift::prelude::*;

/// Flags of a bit cast, which must name a byte order as soon as the number of lanes changes.
pub(super) fn little() -> MemFlagsData {
    MemFlagsData::new().with_endianness(Endianness::Little)
}

/// Writes instructions at the builder's place.
pub(super) struct Carrier<'c, 'f> {
    /// Where they go.
    pub builder: &'c mut FunctionBuilder<'f>,
    /// What a real is.
    pub precision: Precision,
    /// 1 for scalars, else the lanes of a vector.
    pub lanes: u32,
}

/// The type of a float.
pub(super) fn real_type(precision: Precision) -> Type {
    match precision {
        Precision::F32 => types::F32,
        Precision::F64 => types::F64,
    }
}

/// The type of an int register.
pub(super) fn int_type(precision: Precision) -> Type {
    match precision {
        Precision::F32 => types::I32,
        Precision::F64 => types::I64,
    }
}

/// How many numbers a vector holds.
pub(super) fn width(precision: Precision) -> usize {
    16 / precision.bytes()
}

/// The type of a register of one or more lanes.
pub(super) fn register_type(kind: RegKind, precision: Precision, lanes: u32) -> Type {
    let lane = match kind {
        RegKind::Real => real_type(precision),
        RegKind::Bool if lanes == 1 => return types::I8,
        RegKind::Int | RegKind::Bool => int_type(precision),
    };
    vector_of(lane, lanes)
}

fn vector_of(lane: Type, lanes: u32) -> Type {
    match lane.by(lanes) {
        Some(ty) => ty,
        None => crate::bug!("there is no vector of {lanes} {lane}"),
    }
}

impl Carrier<'_, '_> {
    /// The type of a real.
    pub fn real_type(&self) -> Type {
        vector_of(real_type(self.precision), self.lanes)
    }

    /// The type of an int.
    pub fn int_type(&self) -> Type {
        vector_of(int_type(self.precision), self.lanes)
    }

    /// A vector constant of these lanes, little-endian.
    pub fn vector(&mut self, ty: Type, bytes: Vec<u8>) -> Value {
        let constant = self.builder.func.dfg.constants.insert(ConstantData::from(bytes));
        self.builder.ins().vconst(ty, constant)
    }

    /// A vector of ints.
    pub fn int_vector(&mut self, values: impl IntoIterator<Item = i64>) -> Value {
        let bytes = self.precision.bytes();
        let ty = self.int_type();
        self.vector(ty, values.into_iter().flat_map(|v| v.to_le_bytes()[..bytes].to_vec()).collect())
    }

    /// The truth value everywhere.
    pub fn mask(&mut self, value: bool) -> Value {
        match self.lanes {
            1 => self.builder.ins().iconst(types::I8, i64::from(value)),
            _ => self.int(-i64::from(value)),
        }
    }

    /// The scalar in every lane.
    pub fn splat(&mut self, kind: RegKind, scalar: Value) -> Value {
        if self.lanes == 1 {
            return scalar;
        }
        let ty = register_type(kind, self.precision, self.lanes);
        let lane = match kind {
            RegKind::Bool => self.builder.ins().bmask(int_type(self.precision), scalar),
            RegKind::Real | RegKind::Int => scalar,
        };
        self.builder.ins().splat(ty, lane)
    }

    /// One lane as a scalar.
    pub fn lane(&mut self, kind: RegKind, vector: Value, lane: usize) -> Value {
        let value = self.builder.ins().extractlane(vector, lane as u8);
        match kind {
            RegKind::Bool => self.builder.ins().icmp_imm_u(IntCC::NotEqual, value, 0),
            RegKind::Real | RegKind::Int => value,
        }
    }

    /// The vector of these scalars, of a real or int type; zeros follow if there are fewer than lanes.
    pub fn gathered(&mut self, ty: Type, lanes: &[Value]) -> Value {
        let mut vector = None;
        for (i, lane) in lanes.iter().enumerate() {
            vector = Some(match vector {
                None => self.builder.ins().scalar_to_vector(ty, *lane),
                Some(vector) => self.builder.ins().insertlane(vector, *lane, i as u8),
            });
        }
        match vector {
            Some(vector) => vector,
            None => crate::bug!("a vector without lanes"),
        }
    }

    /// `yes` where `mask` holds, else `no`, of any kind.
    pub fn choose(&mut self, kind: RegKind, mask: Value, yes: Value, no: Value) -> Value {
        match kind {
            RegKind::Real => self.select(mask, yes, no),
            _ if self.lanes == 1 => self.builder.ins().select(mask, yes, no),
            _ => self.builder.ins().bitselect(mask, yes, no),
        }
    }

    /// a × b of ints, wrapping.
    pub fn int_mul(&mut self, a: Value, b: Value) -> Value {
        self.builder.ins().imul(a, b)
    }

    /// A comparison of ints.
    pub fn int_compare(&mut self, condition: IntCC, a: Value, b: Value) -> Value {
        self.builder.ins().icmp(condition, a, b)
    }

    /// An int as the nearest real.
    pub fn int_to_real(&mut self, a: Value) -> Value {
        let ty = self.real_type();
        self.builder.ins().fcvt_from_sint(ty, a)
    }
}

macro_rules! binary {
    ($($name:ident $instruction:ident),*) => {$(
        fn $name(&mut self, a: Value, b: Value) -> Value {
            self.builder.ins().$instruction(a, b)
        }
    )*};
}

macro_rules! unary {
    ($($name:ident $instruction:ident),*) => {$(
        fn $name(&mut self, a: Value) -> Value {
            self.builder.ins().$instruction(a)
        }
    )*};
}

macro_rules! compare {
    ($($name:ident $condition:ident),*) => {$(
        fn $name(&mut self, a: Value, b: Value) -> Value {
            self.builder.ins().fcmp(FloatCC::$condition, a, b)
        }
    )*};
}

impl Arith for Carrier<'_, '_> {
    type Real = Value;
    type Int = Value;
    type Mask = Value;

    fn precision(&self) -> Precision {
        self.precision
    }

    fn real(&mut self, value: f64) -> Value {
        let bytes = match self.precision {
            Precision::F32 if self.lanes == 1 => return self.builder.ins().f32const(value as f32),
            Precision::F64 if self.lanes == 1 => return self.builder.ins().f64const(value),
            Precision::F32 => (value as f32).to_le_bytes().to_vec(),
            Precision::F64 => value.to_le_bytes().to_vec(),
        };
        let ty = self.real_type();
        self.vector(ty, bytes.repeat(self.lanes as usize))
    }

    fn int(&mut self, value: i64) -> Value {
        match self.precision {
            Precision::F32 if self.lanes == 1 => self.builder.ins().iconst(types::I32, i64::from(value as i32 as u32)),
            Precision::F64 if self.lanes == 1 => self.builder.ins().iconst(types::I64, value),
            _ => self.int_vector(std::iter::repeat_n(value, self.lanes as usize)),
        }
    }

    binary!(add fadd, sub fsub, mul fmul, div fdiv, mask_and band, mask_or bor);
    binary!(int_add iadd, int_sub isub, int_and band, int_or bor, int_xor bxor);
    unary!(neg fneg, abs fabs, sqrt sqrt);
    compare!(lt LessThan, le LessThanOrEqual, eq Equal);

    fn fma(&mut self, a: Value, b: Value, c: Value) -> Value {
        self.builder.ins().fma(a, b, c)
    }

    fn mask_not(&mut self, a: Value) -> Value {
        match self.lanes {
            1 => self.builder.ins().bxor_imm_u(a, 1),
            _ => self.builder.ins().bnot(a),
        }
    }

    fn select(&mut self, mask: Value, yes: Value, no: Value) -> Value {
        if self.lanes == 1 {
            return self.builder.ins().select(mask, yes, no);
        }
        let ty = self.real_type();
        let mask = self.builder.ins().bitcast(ty, little(), mask);
        self.builder.ins().bitselect(mask, yes, no)
    }

    fn bits(&mut self, a: Value) -> Value {
        let ty = self.int_type();
        self.builder.ins().bitcast(ty, MemFlagsData::new(), a)
    }

    fn real_from_bits(&mut self, a: Value) -> Value {
        let ty = self.real_type();
        self.builder.ins().bitcast(ty, MemFlagsData::new(), a)
    }

    fn int_shl(&mut self, a: Value, by: u32) -> Value {
        let by = self.builder.ins().iconst(types::I32, i64::from(by));
        self.builder.ins().ishl(a, by)
    }

    fn int_shr(&mut self, a: Value, by: u32) -> Value {
        let by = self.builder.ins().iconst(types::I32, i64::from(by));
        self.builder.ins().ushr(a, by)
    }
}

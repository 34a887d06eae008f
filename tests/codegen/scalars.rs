//! Every scalar operation on numbers at which something happens: in lanes, in the tails of lanes, one by one, with
//! operands that are the same in all lanes, and on constants.

use super::{INTS, LENGTHS, Writer, reals};
use neurula::loops::build::Builder;
use neurula::loops::{BufferId, Constant, Index, Precision, Reg, RegKind, Scalar, Trip, Var, kinds};
use neurula::math::Function;
use neurula::tensor::Element;

/// An operation with the kinds of its operands.
struct Operation {
    op: Option<Scalar>,
    kinds: Vec<RegKind>,
    below: Option<usize>,
}

/// All that there are, for all kinds of operands that they take; `None` is the fused multiply-add.
fn operations() -> Vec<Operation> {
    let of = |op, kinds: &[RegKind], below| Operation { op, kinds: kinds.to_vec(), below };
    let mut all = vec![of(None, &[RegKind::Real; 3], None)];
    let functions = Function::ALL.iter().map(|function| Scalar::Apply(*function));
    for op in functions.chain(kinds::SCALARS) {
        let bounds: &[Option<usize>] = match op {
            Scalar::Clamp => &[Some(1), Some(3), Some(1000), Some(1 << 30)],
            _ => &[None],
        };
        for below in bounds {
            for kinds in combinations().filter(|kinds| kinds::of_scalar(op, kinds, *below).is_ok()) {
                all.push(of(Some(op), &kinds, *below));
            }
        }
    }
    all
}

/// One to four kinds.
fn combinations() -> impl Iterator<Item = Vec<RegKind>> {
    (1..=4_usize).flat_map(|length| {
        (0..3_usize.pow(length as u32)).map(move |number| {
            let kind =
                |place: usize| [RegKind::Real, RegKind::Int, RegKind::Bool][number / 3_usize.pow(place as u32) % 3];
            (0..length).map(kind).collect()
        })
    })
}

/// What operand `place` is in each element: each with each for the first two, mixed for the rest.
fn operand(kind: RegKind, place: usize, count: usize, precision: Precision) -> Vec<f64> {
    let values: Vec<f64> = match kind {
        RegKind::Real => reals(precision),
        RegKind::Int => INTS.iter().map(|int| f64::from(*int)).collect(),
        RegKind::Bool => vec![0.0, 1.0, 255.0],
    };
    let pick = |i: usize| match place {
        0 => i % values.len(),
        1 => i / values.len().max(17) % values.len(),
        _ => (i * 7 + i / 13 + 3 * place) % values.len(),
    };
    (0..count).map(|i| values[pick(i)]).collect()
}

const fn element(kind: RegKind) -> Element {
    match kind {
        RegKind::Real => Element::Real,
        RegKind::Int => Element::Int,
        RegKind::Bool => Element::Bool,
    }
}

impl Operation {
    fn kind(&self) -> RegKind {
        match self.op {
            None => RegKind::Real,
            Some(op) => kinds::of_scalar(op, &self.kinds, self.below).expect("it takes these kinds"),
        }
    }

    fn write(&self, b: &mut Builder, args: &[Reg]) -> Reg {
        match self.op {
            None => b.fma(args[0], args[1], args[2]),
            Some(op) => b.operation(op, args, self.below),
        }
    }

    /// The slots of its results: one of its kind, and for ints one of reals, which shows all 64 bits.
    fn outputs(&self, writer: &mut Writer, count: usize) -> Vec<BufferId> {
        let mut all = vec![writer.full(element(self.kind()), count, 0.0)];
        if self.kind() == RegKind::Int {
            all.push(writer.full(Element::Real, count, 0.0));
        }
        all
    }

    fn round(&self, b: &mut Builder, var: Var, args: &[Reg], outputs: &[BufferId]) {
        let value = self.write(b, args);
        b.store(outputs[0], Index::at(0).var(var, 1), value);
        if let Some(output) = outputs.get(1) {
            let real = b.scalar(Scalar::Real, &[value]);
            b.store(*output, Index::at(0).var(var, 1), real);
        }
    }
}

/// Elements enough for each pair of special reals.
const PAIRS: usize = 71 * 71;

#[test]
fn operations_on_special_numbers_have_the_same_bits_in_lanes_and_one_by_one() {
    for precision in [Precision::F32, Precision::F64] {
        for operation in operations() {
            let name = format!("{:?} {:?}", operation.op, operation.kinds);
            let mut writer = Writer::new(&name, precision);
            let inputs: Vec<BufferId> = (operation.kinds.iter().enumerate())
                .map(|(place, kind)| writer.slot(element(*kind), &operand(*kind, place, PAIRS, precision)))
                .collect();
            let count = writer.full(Element::Int, 1, (PAIRS - 2) as f64);
            let outputs: Vec<_> = (0..4).map(|_| operation.outputs(&mut writer, PAIRS)).collect();
            let counted = Trip::Count { buffer: count, bound: PAIRS };
            let b = &mut writer.b;
            let each = |b: &mut Builder, var| -> Vec<Reg> {
                inputs.iter().map(|input| b.load(*input, Index::at(0).var(var, 1))).collect()
            };
            for (number, trip) in [Trip::Const(PAIRS), counted].into_iter().enumerate() {
                b.nest(format!("lanes {number}"), None, |b| {
                    b.lanes(trip, |b, var| {
                        let args = each(b, var);
                        operation.round(b, var, &args, &outputs[number]);
                    });
                });
            }
            b.nest("one by one", None, |b| {
                b.serial(PAIRS, |b, var| {
                    let args = each(b, var);
                    operation.round(b, var, &args, &outputs[2]);
                });
            });
            b.nest("one operand is the same in all lanes", None, |b| {
                b.lanes(PAIRS, |b, var| {
                    let mut args = each(b, var);
                    if let Some(last) = args.last_mut() {
                        *last = b.load(inputs[inputs.len() - 1], Index::at(PAIRS - 9));
                    }
                    operation.round(b, var, &args, &outputs[3]);
                });
            });
            writer.agree();
        }
    }
}

#[test]
fn operations_have_the_same_bits_at_every_length() {
    for precision in [Precision::F32, Precision::F64] {
        for length in LENGTHS {
            let mut writer = Writer::new(&format!("length {length}"), precision);
            for operation in operations() {
                let inputs: Vec<BufferId> = (operation.kinds.iter().enumerate())
                    .map(|(place, kind)| writer.slot(element(*kind), &operand(*kind, place + 2, length, precision)))
                    .collect();
                let outputs = operation.outputs(&mut writer, length);
                writer.b.nest(format!("{:?}", operation.op), None, |b| {
                    b.lanes(length, |b, var| {
                        let args: Vec<Reg> =
                            inputs.iter().map(|input| b.load(*input, Index::at(0).var(var, 1))).collect();
                        operation.round(b, var, &args, &outputs);
                    });
                });
            }
            writer.agree();
        }
    }
}

#[test]
fn operations_on_constants_have_the_same_bits() {
    for precision in [Precision::F32, Precision::F64] {
        for operation in operations() {
            let mut writer = Writer::new(&format!("constants of {:?}", operation.op), precision);
            let tried = 40;
            let operands: Vec<Vec<f64>> = (operation.kinds.iter().enumerate())
                .map(|(place, kind)| operand(*kind, place + 2, tried, precision))
                .collect();
            for i in 0..tried {
                let outputs = operation.outputs(&mut writer, 3);
                let constant = |b: &mut Builder, place: usize| {
                    let number = operands[place][i];
                    b.constant(match operation.kinds[place] {
                        RegKind::Real => Constant::Real(number),
                        RegKind::Int => Constant::Int(number as i64),
                        RegKind::Bool => Constant::Bool(number != 0.0),
                    })
                };
                writer.b.lanes(3, |b, var| {
                    let args: Vec<Reg> = (0..operands.len()).map(|place| constant(b, place)).collect();
                    operation.round(b, var, &args, &outputs);
                });
            }
            writer.agree();
        }
    }
}

#[test]
fn every_operation_is_among_those_that_are_tried() {
    let all = operations();
    for op in Function::ALL.iter().map(|function| Scalar::Apply(*function)).chain(kinds::SCALARS) {
        assert!(all.iter().any(|operation| operation.op == Some(op)), "{op:?}");
    }
    assert!(all.len() > 40, "{}", all.len());
}

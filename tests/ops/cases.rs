//! For each row of the table operands of odd shapes, and numbers for them.

use neurula::loops::kinds::works_on_ints;
use neurula::tensor::op::{Fold, Scalar};
use neurula::tensor::{Attributes, Contraction, Element, Extent, Kind, Row, Type, Windows};

/// A row with attributes and the types of its operands.
#[derive(Debug, Clone)]
pub struct Case {
    pub row: &'static Row,
    pub attributes: Attributes,
    pub types: Vec<Type>,
}

const SHAPES: [&[usize]; 6] = [&[], &[1], &[3], &[17], &[3, 17], &[17, 1, 3]];

fn extents(shape: &[usize]) -> Vec<Extent> {
    shape.iter().map(|n| Extent::Const(*n)).collect()
}

fn of_type(element: Element, shape: &[usize]) -> Type {
    Type::new(element, extents(shape))
}

/// All cases of a row.
pub fn of(row: &'static Row) -> Vec<Case> {
    let case = |(attributes, types): (Attributes, Vec<Type>)| Case { row, attributes, types };
    let cases: Vec<_> = match row.kind {
        Kind::Map(scalar) => maps(scalar),
        Kind::Reduce(fold) => reductions(fold),
        Kind::Composite(_) if row.is_elementwise() => {
            let operands = if row.name == "credited_as" { 2 } else { 1 };
            SHAPES.iter().map(|shape| (Attributes::None, vec![of_type(Element::Real, shape); operands])).collect()
        }
        Kind::Composite(_) => composites(row.name),
        Kind::Contract => contractions(),
        Kind::Constant => constants(),
        Kind::Iota => SHAPES[1..4].iter().map(|shape| (Attributes::Shape(extents(shape)), vec![])).collect(),
        Kind::Expand => expansions(),
        Kind::Permute => permutations(),
        Kind::Reshape => reshapes(),
        Kind::Slice => parts(&[(0, 1, 2), (0, 0, 3), (1, 16, 1), (1, 3, 9), (1, 0, 17)]),
        Kind::Pad => parts(&[(0, 0, 3), (0, 2, 17), (1, 0, 18), (1, 15, 33)]),
        Kind::Gather => gathers(),
        Kind::Scatter => scatters(),
        Kind::Windows => windows(),
        Kind::Overlap => overlaps(),
    };
    cases.into_iter().map(case).collect()
}

type Cases = Vec<(Attributes, Vec<Type>)>;

fn maps(scalar: Scalar) -> Cases {
    use Element::{Bool, Byte, Class, Int, Real};
    let elements: Vec<Vec<Element>> = match scalar {
        Scalar::Apply(function) if works_on_ints(function) => vec![vec![Real; 2], vec![Int; 2], vec![Class(5), Int]],
        Scalar::Apply(function) => vec![vec![Real; function.arity()]],
        Scalar::Less | Scalar::LessEqual | Scalar::Equal => vec![vec![Real; 2], vec![Int; 2], vec![Int, Class(5)]],
        Scalar::And | Scalar::Or => vec![vec![Bool; 2]],
        Scalar::Not => vec![vec![Bool]],
        Scalar::Select => {
            [[Real; 2], [Int; 2], [Bool; 2], [Class(3), Class(5)]].map(|[a, b]| vec![Bool, a, b]).to_vec()
        }
        Scalar::Real => [Bool, Int, Byte, Class(5)].map(|element| vec![element]).to_vec(),
        Scalar::Clamp => vec![vec![Int], vec![Class(5)]],
        Scalar::Quotient | Scalar::Remainder => vec![vec![Int; 2], vec![Class(5), Int]],
        Scalar::Uniform => vec![vec![Int; 4]],
    };
    let attributes = if scalar == Scalar::Clamp { Attributes::Below(3) } else { Attributes::None };
    let on = |shape: &&[usize]| {
        let typed = |elements: &Vec<Element>| {
            (attributes.clone(), elements.iter().map(|element| of_type(*element, shape)).collect())
        };
        elements.iter().map(typed).collect::<Vec<_>>()
    };
    SHAPES.iter().flat_map(on).collect()
}

fn folded(elements: &[Element], axes: &[&[usize]]) -> Cases {
    let of = |axes: &&[usize]| {
        let rank = axes.last().map_or(0, |last| last + 1);
        let shapes = SHAPES.iter().filter(move |shape| shape.len() >= rank);
        let typed = |shape: &&[usize]| elements.iter().map(|element| of_type(*element, shape)).collect::<Vec<_>>();
        let types: Vec<Type> = shapes.flat_map(typed).collect();
        types.into_iter().map(|ty| (Attributes::Axes(axes.to_vec()), vec![ty])).collect::<Vec<_>>()
    };
    axes.iter().flat_map(of).collect()
}

fn reductions(fold: Fold) -> Cases {
    use Element::{Bool, Class, Int, Real};
    let elements: &[Element] = match fold {
        Fold::Sum | Fold::Max | Fold::Min => &[Real, Int, Class(5)],
        Fold::All | Fold::Any => &[Bool],
    };
    folded(elements, &[&[0], &[1], &[2], &[0, 1], &[0, 2], &[0, 1, 2]])
}

fn composites(name: &str) -> Cases {
    match name {
        "argmax" => folded(&[Element::Real], &[&[0], &[1], &[2]]),
        _ => folded(&[Element::Real], &[&[0], &[1], &[0, 1], &[0, 2]]),
    }
}

fn contractions() -> Cases {
    let sizes =
        |letters: &[u8], sizes: &[usize]| -> Vec<usize> { letters.iter().map(|i| sizes[*i as usize]).collect() };
    let case = |(indices, lengths): &(&str, &[usize])| {
        let indices = Contraction::read(indices).expect("indices");
        let types = [&indices.left, &indices.right].map(|letters| Type::real(&sizes(letters, lengths)));
        (Attributes::Contract(indices), types.to_vec())
    };
    [
        ("a,a->", &[17_usize] as &[usize]),
        ("a,a->a", &[17]),
        ("a,b->ab", &[3, 17]),
        ("ab,b->a", &[17, 3]),
        ("ab,cb->ac", &[3, 17, 17]),
        ("ab,cb->ac", &[1, 17, 3]),
        ("ab,ac->bc", &[17, 3, 17]),
        ("ab,ac->cb", &[3, 17, 1]),
        ("abc,adc->abd", &[3, 17, 3, 17]),
        ("abc,dc->abd", &[3, 1, 17, 17]),
        ("abc,abd->cd", &[3, 17, 17, 3]),
        ("ab,ab->", &[3, 17]),
        ("ab,a->ab", &[17, 3]),
        ("abc,cbd->da", &[3, 3, 17, 17]),
    ]
    .iter()
    .map(case)
    .collect()
}

fn constants() -> Cases {
    let numbers = [0.1, -0.0, 3.0].map(Attributes::Number).into_iter();
    let wholes = [7, -2_000_000_000].map(Attributes::Integer);
    let all = numbers.chain(wholes).chain([true, false].map(Attributes::Truth));
    all.map(|attributes| (attributes, vec![])).collect()
}

fn moved(element: Element, cases: &[(&[usize], Attributes)]) -> Cases {
    cases.iter().map(|(shape, attributes)| (attributes.clone(), vec![of_type(element, shape)])).collect()
}

/// For each element that can be moved.
fn moves(cases: &[(&[usize], Attributes)]) -> Cases {
    [Element::Real, Element::Int, Element::Class(5), Element::Bool]
        .into_iter()
        .flat_map(|element| moved(element, cases))
        .collect()
}

fn expansions() -> Cases {
    let to = |shape: &[usize], axes: &[usize]| Attributes::Expand { shape: extents(shape), axes: axes.to_vec() };
    moves(&[
        (&[], to(&[17], &[])),
        (&[], to(&[3, 17], &[])),
        (&[3], to(&[3, 17], &[0])),
        (&[17], to(&[3, 17], &[1])),
        (&[3, 17], to(&[3, 1, 17, 3], &[0, 2])),
        (&[3, 17], to(&[3, 17], &[0, 1])),
    ])
}

fn permutations() -> Cases {
    let axes = |axes: &[usize]| Attributes::Axes(axes.to_vec());
    moves(&[
        (&[17], axes(&[0])),
        (&[3, 17], axes(&[1, 0])),
        (&[3, 17, 1], axes(&[2, 0, 1])),
        (&[17, 3, 3], axes(&[1, 2, 0])),
    ])
}

fn reshapes() -> Cases {
    let to = |shape: &[usize]| Attributes::Shape(extents(shape));
    moves(&[
        (&[1], to(&[])),
        (&[], to(&[1, 1])),
        (&[3, 17], to(&[51])),
        (&[51], to(&[17, 3])),
        (&[3, 17, 3], to(&[51, 3])),
        (&[17, 1, 3], to(&[17, 3])),
    ])
}

fn parts(parts: &[(usize, usize, usize)]) -> Cases {
    let part = |(axis, start, length): &(usize, usize, usize)| {
        (&[3_usize, 17] as &[usize], Attributes::Part { axis: *axis, start: *start, length: *length })
    };
    moves(&parts.iter().map(part).collect::<Vec<_>>())
}

/// How many rows there are to choose from, the shape of one, and that of the index.
const SELECTIONS: [(usize, &[usize], &[usize]); 4] =
    [(17, &[], &[3]), (3, &[17], &[17]), (5, &[3], &[3, 3]), (3, &[17], &[])];

fn gathers() -> Cases {
    use Element::{Bool, Byte, Int, Real};
    let mut cases = Vec::new();
    for (rows, row, index) in SELECTIONS {
        let shape: Vec<usize> = std::iter::once(rows).chain(row.iter().copied()).collect();
        for element in [Real, Int, Bool, Byte] {
            cases.push((Attributes::None, vec![of_type(element, &shape), of_type(Element::Class(rows.min(9)), index)]));
        }
    }
    cases
}

fn scatters() -> Cases {
    let mut cases = Vec::new();
    for (rows, row, index) in SELECTIONS {
        let shape: Vec<usize> = index.iter().chain(row).copied().collect();
        for element in [Element::Real, Element::Int] {
            let types = vec![of_type(element, &shape), of_type(Element::Class(rows.min(4)), index)];
            cases.push((Attributes::Shape(vec![Extent::Const(rows)]), types));
        }
    }
    cases
}

/// An axis with windows: its length, the size of a window and the stride.
type Along = (usize, usize, usize);

/// Axes in front, and those with windows.
const WINDOWS: [(&[usize], &[Along]); 9] = [
    (&[], &[(17, 3, 1)]),
    (&[3], &[(17, 17, 1)]),
    (&[3], &[(5, 2, 2)]),
    (&[], &[(9, 2, 3)]),
    (&[17], &[(1, 1, 1)]),
    (&[2, 3], &[(5, 3, 1), (7, 3, 1)]),
    (&[3], &[(4, 2, 2), (6, 2, 2)]),
    (&[], &[(7, 3, 2), (19, 4, 3)]),
    (&[], &[(3, 2, 1), (4, 1, 1), (5, 2, 2)]),
];

fn over(axes: &[Along]) -> Windows {
    let of = |part: fn(&Along) -> usize| axes.iter().map(part).collect();
    Windows { lengths: of(|axis| axis.0), sizes: of(|axis| axis.1), strides: of(|axis| axis.2) }
}

fn windows() -> Cases {
    let of = |(front, axes): &(&[usize], &[Along])| {
        let windows = over(axes);
        let shape: Vec<usize> = front.iter().chain(&windows.lengths).copied().collect();
        (shape, Attributes::Windows(windows))
    };
    let cases: Vec<_> = WINDOWS.iter().map(of).collect();
    moves(&cases.iter().map(|(shape, attributes)| (&shape[..], attributes.clone())).collect::<Vec<_>>())
}

fn overlaps() -> Cases {
    let mut cases = Vec::new();
    for (front, axes) in WINDOWS {
        let windows = over(axes);
        let shape: Vec<usize> = front.iter().chain(&windows.sizes).copied().chain(windows.places()).collect();
        for element in [Element::Real, Element::Int] {
            cases.push((Attributes::Windows(windows.clone()), vec![of_type(element, &shape)]));
        }
    }
    cases
}

/// Numbers for an operand: reals of the row's range, no two close to each other, nor to those of its other operands, nor to
/// the middle of the range.
pub fn numbers(case: &Case, operand: usize, seed: u64) -> Vec<f64> {
    let ty = &case.types[operand];
    let count: usize = ty.shape.iter().map(Extent::bound).product();
    let (low, high) = case.row.draw;
    let mixed = |i: usize| {
        let mixed = (i as u64 + 1 + 1000 * (seed + 10 * operand as u64)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 29)
    };
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|i| mixed(i + 500));
    let number = |i: usize| {
        let fraction = 0.5 * (operand % 2) as f64 + 0.1 + 0.3 * (mixed(i) >> 11) as f64 / (1_u64 << 53) as f64;
        match ty.element {
            Element::Real => low + (high - low) * (order[i] as f64 + fraction) / count as f64,
            Element::Int => (mixed(i) % 23) as f64 - 11.0,
            Element::Class(k) => (mixed(i) % k as u64) as f64,
            Element::Bool => (mixed(i) % 2) as f64,
            Element::Byte => (mixed(i) % 256) as f64,
        }
    };
    (0..count).map(number).collect()
}

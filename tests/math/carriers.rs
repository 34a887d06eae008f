//! Whoever carries a definition out, the bits are the same.

use super::{Real, apply32, apply64};
use neurula::math::{F32, F32Lanes, F64, F64Lanes, Function, LANES, Stream, normal, subkey, threefry, uniform};

/// Numbers of all kinds: any bits, ordinary values, and what is peculiar.
fn arguments32(count: u64) -> Vec<f32> {
    let stream = Stream::new(1, "arguments");
    let peculiar = [0.0, -0.0, 1.0, -1.0, 0.5, f32::INFINITY, -f32::INFINITY, f32::NAN, 1e-45, -1e-45, f32::MAX, 2.5];
    let any = (0..count).map(|i| f32::from_bits(stream.word(i)));
    let ordinary = (0..count).map(|i| 4.0 * stream.normal_f32(i));
    peculiar.into_iter().chain(any).chain(ordinary).collect()
}

fn arguments64(count: u64) -> Vec<f64> {
    let stream = Stream::new(2, "arguments");
    let any = (0..count)
        .map(|i| f64::from_bits(u64::from(stream.word(2 * i)) << 32 | u64::from(stream.word(2 * i + 1))))
        .collect::<Vec<_>>();
    arguments32(count).into_iter().map(|x| f64::from(x) * 1.1).chain(any).collect()
}

#[test]
fn sixteen_lanes_agree_with_one_to_the_bit() {
    let (all32, all64) = (arguments32(3000), arguments64(3000));
    for &function in Function::ALL {
        for chunk in 0..all32.len() / LANES {
            let x: [f32; LANES] = std::array::from_fn(|lane| all32[chunk * LANES + lane]);
            let y: [f32; LANES] = std::array::from_fn(|lane| all32[(chunk * 7919 + lane * 13) % all32.len()]);
            let args = if function.arity() == 1 { vec![x] } else { vec![x, y] };
            let got = function.apply(&mut F32Lanes, &args);
            for lane in 0..LANES {
                let one: Vec<f32> = args.iter().map(|arg| arg[lane]).collect();
                assert_eq!(got[lane].canonical(), apply32(function, &one).canonical(), "{function} of {one:?}");
            }
        }
        for chunk in 0..all64.len() / LANES {
            let x: [f64; LANES] = std::array::from_fn(|lane| all64[chunk * LANES + lane]);
            let y: [f64; LANES] = std::array::from_fn(|lane| all64[(chunk * 7919 + lane * 13) % all64.len()]);
            let args = if function.arity() == 1 { vec![x] } else { vec![x, y] };
            let got = function.apply(&mut F64Lanes, &args);
            for lane in 0..LANES {
                let one: Vec<f64> = args.iter().map(|arg| arg[lane]).collect();
                assert_eq!(got[lane].canonical(), apply64(function, &one).canonical(), "{function} of {one:?}");
            }
        }
    }
}

#[test]
fn draws_in_lanes_are_the_host_s() {
    let stream = Stream::new(7, "weights").at(3);
    let [k0, k1] = stream.key();
    let first = (1_u64 << 32) - 5;
    let index = |lane: usize| first + lane as u64;
    let key32 = [[k0 as i32; LANES], [k1 as i32; LANES]];
    let counter32 =
        [std::array::from_fn(|lane| index(lane) as i32), std::array::from_fn(|lane| (index(lane) >> 32) as i32)];
    let key64 = [[i64::from(k0); LANES], [i64::from(k1); LANES]];
    let counter64 = [
        std::array::from_fn(|lane| (index(lane) & 0xffff_ffff) as i64),
        std::array::from_fn(|lane| (index(lane) >> 32) as i64),
    ];
    let (u32s, n32s) = (uniform(&mut F32Lanes, key32, counter32), normal(&mut F32Lanes, key32, counter32));
    let (u64s, n64s) = (uniform(&mut F64Lanes, key64, counter64), normal(&mut F64Lanes, key64, counter64));
    for lane in 0..LANES {
        let at = index(lane);
        assert_eq!(u32s[lane].to_bits(), stream.uniform_f32(at).to_bits());
        assert_eq!(u64s[lane].to_bits(), stream.uniform(at).to_bits());
        assert_eq!(n32s[lane].to_bits(), stream.normal_f32(at).to_bits());
        assert_eq!(n64s[lane].to_bits(), stream.normal(at).to_bits());
    }
}

/// Words in 64-bit lanes are words.
#[test]
fn the_generator_is_the_same_in_wide_lanes() {
    let stream = Stream::new(3, "words");
    for i in 0..2000 {
        let words: [u32; 4] = std::array::from_fn(|j| stream.word(4 * i + j as u64));
        let [a, b, c, d] = words.map(|w| w as i32);
        let [p, q, r, s] = words.map(i64::from);
        let narrow = threefry(&mut F32, [a, b], [c, d]).map(|w| i64::from(w as u32));
        assert_eq!(threefry(&mut F64, [p, q], [r, s]), narrow);
        let narrow = subkey(&mut F32, [a, b], [c, d]).map(|w| i64::from(w as u32));
        assert_eq!(subkey(&mut F64, [p, q], [r, s]), narrow);
    }
}

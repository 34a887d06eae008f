//! The generator against its published answers, and the shape of what is drawn from it.

use neurula::math::{F32, F64, Stream, normal_quantile, threefry};
use std::collections::BTreeSet;

/// Key, counter, block: Threefry-2x32-20 as its authors published it.
const KNOWN: [[[u32; 2]; 3]; 3] = [
    [[0, 0], [0, 0], [0x6b20_0159, 0x99ba_4efe]],
    [[!0, !0], [!0, !0], [0x1cb9_96fc, 0xbb00_2be7]],
    [[0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3], [0xc492_3a9c, 0x483d_f7a0]],
];

#[test]
fn threefry_gives_the_published_answers() {
    for [key, counter, block] in KNOWN {
        let narrow = threefry(&mut F32, key.map(|w| w as i32), counter.map(|w| w as i32));
        assert_eq!(narrow.map(|w| w as u32), block);
        assert_eq!(threefry(&mut F64, key.map(i64::from), counter.map(i64::from)), block.map(i64::from));
    }
}

/// Seeds, purposes, steps and indices lead to the same numbers for ever: a change here changes every run there is.
#[test]
fn streams_never_change() {
    let stream = Stream::new(42, "Retina -> Hidden.weight");
    assert_eq!(stream.key(), [0xce16_fc3f, 0x5313_b9eb]);
    assert_eq!(stream.at(9).key(), [0x16b5_e751, 0xb1f5_0f32]);
    assert_eq!(stream.uniform(5).to_bits(), 0x3fdc_264a_62cf_cae2);
    assert_eq!(stream.normal(5).to_bits(), 0xbfc3_607e_def8_1ee5);
    assert_eq!(stream.permutation(10), [8, 6, 9, 3, 4, 7, 2, 1, 0, 5]);
}

#[test]
fn a_stream_is_a_function_of_seed_purpose_step_and_index() {
    let base = Stream::new(1, "order");
    let mut seen = BTreeSet::new();
    for seed in [0, 1, 2, 1 << 32, u64::MAX] {
        for purpose in ["order", "Order", "", "weights"] {
            for step in [0, 1, 2, 1 << 32, (1 << 63) - 1] {
                let stream = Stream::new(seed, purpose).at(step);
                assert_eq!(stream, Stream::new(seed, purpose).at(step));
                for index in [0, 1, 1 << 32, u64::MAX] {
                    assert!(seen.insert((stream.word(index), stream.uniform(index).to_bits())));
                }
            }
        }
    }
    // A step's key is no draw of the stream that it comes from.
    assert_ne!(base.at(0).key()[0], base.word(0));
    assert_ne!(base.at(1).at(2), base.at(2).at(1));
}

#[test]
fn f32_draws_are_f64_draws_rounded() {
    let stream = Stream::new(11, "both");
    for i in 0..100_000 {
        let (wide, narrow) = (stream.uniform(i), stream.uniform_f32(i));
        assert_eq!(f64::from(narrow), (wide * 16_777_216.0).floor() / 16_777_216.0);
        assert!((0.0..1.0).contains(&wide) && narrow < 1.0);
        let (wide, narrow) = (stream.normal(i), f64::from(stream.normal_f32(i)));
        assert!((wide - narrow).abs() <= 6e-7 * wide.abs().max(0.2), "{wide:e} {narrow:e}");
        assert_eq!(wide.is_sign_negative(), narrow.is_sign_negative());
    }
}

/// The table in `math::random`, as sentences about integers.
#[test]
fn draws_are_made_of_words_as_documented() {
    let stream = Stream::new(12, "words");
    for i in 0..2000 {
        let key = stream.key().map(i64::from);
        let [upper, lower] = threefry(&mut F64, key, [i, 0]);
        let all = (upper as u64) << 21 | (lower as u64) >> 11;
        let place = 2.0_f64.powi(-53);
        assert_eq!(stream.uniform(i as u64), all as f64 * place);
        let magnitude = normal_quantile(&mut F64, ((all & !(1 << 52)) as f64 + 0.5) * place);
        let expected = if all >> 52 == 1 { -magnitude } else { magnitude };
        assert_eq!(stream.normal(i as u64), expected);
        assert_eq!(i64::from(stream.word(i as u64)), upper);
    }
}

/// Mean of `f` over the first draws, and how far it is from `expected` in units of its own standard error.
fn deviation(count: u64, expected: f64, variance: f64, f: impl Fn(u64) -> f64) -> f64 {
    let mean = (0..count).map(f).sum::<f64>() / count as f64;
    (mean - expected).abs() / (variance / count as f64).sqrt()
}

#[test]
fn moments_are_those_of_the_distributions() {
    let (n, stream) = (200_000, Stream::new(5, "moments"));
    let u = |i| stream.uniform(i);
    assert!(deviation(n, 0.5, 1.0 / 12.0, u) < 4.0);
    assert!(deviation(n, 1.0 / 3.0, 4.0 / 45.0, |i| u(i).powi(2)) < 4.0);
    assert!(deviation(n, 0.25, 7.0 / 144.0, |i| u(i) * u(i + n)) < 4.0);
    let z = |i| stream.normal(i);
    assert!(deviation(n, 0.0, 1.0, z) < 4.0);
    assert!(deviation(n, 1.0, 2.0, |i| z(i).powi(2)) < 4.0);
    assert!(deviation(n, 0.0, 15.0, |i| z(i).powi(3)) < 4.0);
    assert!(deviation(n, 3.0, 96.0, |i| z(i).powi(4)) < 4.0);
    assert!(deviation(n, 0.0, 1.0, |i| z(i) * z(i + 1)) < 4.0);
    // The share beyond two and beyond three standard deviations.
    let beyond = |limit: f64| move |i| f64::from(u8::from(stream.normal(i) > limit));
    assert!(deviation(n, 0.022_750_13, 0.022_232_56, beyond(2.0)) < 4.0);
    assert!(deviation(n, 0.001_349_898, 0.001_348_076, beyond(3.0)) < 4.0);
}

/// Σ (observed − expected)² / expected.
fn chi_square(counts: &[u32]) -> f64 {
    let expected = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
    counts.iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum()
}

#[test]
fn every_bit_and_every_byte_is_fair() {
    let stream = Stream::new(6, "bits");
    let mut bytes = [[0_u32; 256]; 4];
    for i in 0..50_000 {
        for (place, byte) in stream.word(i).to_le_bytes().into_iter().enumerate() {
            bytes[place][usize::from(byte)] += 1;
        }
    }
    // 255 degrees of freedom: mean 255, standard deviation 22.6.
    for counts in &bytes {
        let chi = chi_square(counts);
        assert!((165.0..350.0).contains(&chi), "{chi}");
    }
}

#[test]
fn a_permutation_holds_each_number_once() {
    for count in [0, 1, 2, 3, 17, 1437, 60_000] {
        let mut order = Stream::new(8, "order").at(count as u64).permutation(count);
        if count > 100 {
            let fixed = order.iter().enumerate().filter(|(i, n)| *i == **n as usize).count();
            assert!(fixed < 8, "{fixed} of {count} stayed in place");
        }
        order.sort_unstable();
        assert!(order.iter().enumerate().all(|(i, n)| i == *n as usize) && order.len() == count);
    }
}

#[test]
fn all_permutations_are_equally_likely() {
    let stream = Stream::new(9, "order");
    let mut counts = [0_u32; 120];
    for i in 0..24_000 {
        let order = stream.at(i).permutation(5);
        // Its number in the order of the dictionary.
        let rank = (0..5).fold(0, |rank, i| {
            let smaller = order[i + 1..].iter().filter(|n| **n < order[i]).count();
            rank * (5 - i) + smaller
        });
        counts[rank] += 1;
    }
    // 119 degrees of freedom: mean 119, standard deviation 15.4.
    let chi = chi_square(&counts);
    assert!((65.0..190.0).contains(&chi), "{chi}");
}

#[test]
fn whole_numbers_below_a_bound_are_fair() {
    let stream = Stream::new(10, "below");
    assert_eq!(stream.below(0, 1), 0);
    assert_eq!(stream.below(1, 1), 0);
    let mut counts = [0_u32; 10];
    (0..50_000).for_each(|i| counts[stream.below(10, i) as usize] += 1);
    let chi = chi_square(&counts);
    assert!((0.5..32.0).contains(&chi), "{chi}");
    // With a bound of three quarters of the range a quarter of the numbers, those that 3 divides, would come up twice as
    // often as the others, were the uneven rest of the draws not rejected.
    let bound = 3 << 62;
    let thirds = (0..30_000).map(|i| stream.below(bound, i)).inspect(|&n| assert!(n < bound));
    let divided = thirds.filter(|n| n.is_multiple_of(3)).count() as f64;
    assert!((divided - 10_000.0).abs() < 4.0 * (20_000.0_f64 / 3.0).sqrt(), "{divided}");
}

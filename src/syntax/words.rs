//! The words of the language: which are reserved, which begin an item, and what was probably meant.

/// The words that begin an item, each in the spelling that it has in a tree.
pub const ITEM_WORDS: &[&str] = &[
    "act",
    "connect",
    "const",
    "cost",
    "critical_period",
    "data",
    "development",
    "environment",
    "evolution",
    "experiment",
    "fn",
    "import",
    "learn",
    "metric",
    "modulator",
    "neuron",
    "optimiser",
    "optimizer",
    "param",
    "region",
    "rule",
    "seed",
    "structure",
    "time",
];

/// The other reserved words: those that may stand before an item, and those inside expressions.
pub const OTHER_RESERVED: &[&str] =
    &["allow", "also", "and", "at", "by", "false", "from", "in", "not", "or", "true", "using", "where"];

/// The items that define the name behind their keyword.
const NAMING: &[&str] = &[
    "const",
    "cost",
    "data",
    "environment",
    "experiment",
    "fn",
    "metric",
    "modulator",
    "neuron",
    "optimiser",
    "param",
    "region",
    "rule",
    "structure",
];

/// The keyword of an item in one spelling, if the word begins an item.
pub fn item_word(word: &str) -> Option<&'static str> {
    let found = ITEM_WORDS.binary_search(&word).ok().map(|i| ITEM_WORDS[i])?;
    Some(if found == "optimizer" { "optimiser" } else { found })
}

/// Whether the word is never a name.
pub fn is_reserved(word: &str) -> bool {
    ITEM_WORDS.binary_search(&word).is_ok() || OTHER_RESERVED.binary_search(&word).is_ok()
}

/// Whether an item with this keyword defines the name behind it.
pub fn defines_name(keyword: &str) -> bool {
    NAMING.binary_search(&keyword).is_ok()
}

/// The word among `known` that is nearest to `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_ascii_lowercase();
    let limit = match word.len() {
        0..=2 => 0,
        3..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

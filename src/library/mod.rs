//! The `.neu` definitions that are shipped in the binary, by kind. They have no privileges: each could stand in a
//! user's file, under another name, and give the same bits.

/// A definition of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its folder: `cost`, `rule`, `optimiser`, …
    pub kind: &'static str,
    /// What it defines.
    pub name: &'static str,
    /// Its source, which begins with what it is and the paper it is from.
    pub text: &'static str,
}

macro_rules! entries {
    ($($kind:literal $name:literal;)*) => {
        /// All definitions, sorted by kind and name.
        pub const ENTRIES: &[Entry] = &[
            $(Entry { kind: $kind, name: $name, text: include_str!(concat!($kind, "/", $name, ".neu")) }),*
        ];
    };
}

entries! {
    "activation" "dropout";
    "activation" "elu";
    "activation" "leaky_relu";
    "activation" "relu";
    "activation" "softmax";
    "activation" "softplus";
    "cost" "binary_cross_entropy";
    "cost" "cross_entropy";
    "cost" "hinge";
    "cost" "kl";
    "cost" "l1";
    "cost" "l2";
    "cost" "mse";
    "optimiser" "adam";
    "optimiser" "adamw";
    "optimiser" "momentum";
    "optimiser" "rmsprop";
    "optimiser" "sgd";
    "rule" "anti_hebb";
    "rule" "bcm";
    "rule" "competitive";
    "rule" "contrastive_hebbian";
    "rule" "covariance";
    "rule" "delta";
    "rule" "equilibrium_propagation";
    "rule" "equilibrium_propagation_symmetric";
    "rule" "generec";
    "rule" "generec_symmetric";
    "rule" "hebb";
    "rule" "homeostasis";
    "rule" "ica";
    "rule" "kmeans";
    "rule" "oja";
    "rule" "rls";
    "rule" "sanger";
    "rule" "soft_hebb";
    "rule" "som";
    "rule" "synaptic_scaling";
    "rule" "three_factor";
    "schedule" "cosine";
    "schedule" "exponential";
    "schedule" "linear";
    "statistic" "dot";
    "statistic" "mean";
    "structure" "gru";
    "structure" "layer_norm";
    "structure" "lstm";
    "structure" "rnn";
}

impl Entry {
    /// The path under which its text is known to diagnostics.
    pub fn path(&self) -> String {
        format!("<library>/{}/{}.neu", self.kind, self.name)
    }

    /// The first line of its description.
    pub fn about(&self) -> &'static str {
        self.text.lines().next().unwrap_or("").trim_start_matches("//!").trim()
    }
}

/// The definition of this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.name == name)
}

/// The definitions whose names occur as words in a text, sorted: all that it can mean, and perhaps a few that it
/// does not.
pub fn named_in(text: &str) -> Vec<&'static Entry> {
    let mut found: Vec<&'static Entry> = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter_map(|word| ENTRIES.iter().find(|entry| entry.name == word))
        .collect();
    found.sort_by_key(|entry| (entry.kind, entry.name));
    found.dedup();
    found
}

//! Back from text: `parse` and `print` are inverses.

//! To text: `print` and `parse` are inverses.

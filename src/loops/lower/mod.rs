//! How tensor programs become loop programs.

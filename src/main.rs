//! The `neurula` command: hands its arguments to `cli`.

fn main() {}

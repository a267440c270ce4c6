//! Compares.

fn main() {}

//! corpus

fn main() {}

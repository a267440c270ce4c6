//! embedded

fn main() {}

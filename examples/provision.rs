//! provision

fn main() {}

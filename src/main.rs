//! The binary: reads the arguments, runs, exits with the code of the contract.

fn main() {}

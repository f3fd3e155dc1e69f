//! What is written into files. Knows no screen and writes no file.

pub mod json;
pub mod report;

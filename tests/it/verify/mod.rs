//! The verifier and repair: every planted fault is found, a correct table shows none (DESIGN 7.7).

mod faults;
mod fixture;
mod hot;
mod limits;
mod names;
mod planted;
mod whole;

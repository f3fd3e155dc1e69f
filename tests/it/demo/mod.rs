//! The demo's own machinery: servers, rows, traffic, and the oracle that judges a conversion.

mod cluster;
mod data;
mod traffic;
mod whole;

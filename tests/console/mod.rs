//! Tests of the console as a whole, compiled into the library's unit tests; what one file does is tested there.

mod fixture;
mod sizes;

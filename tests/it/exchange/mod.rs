//! The exchange of names, tried with live writers: what the tests of capture, swap, finish and abort share.

pub(crate) mod rig;

//! The exchange of names, tried with live writers: what the tests of capture, swap, finish and abort share.

pub(crate) mod proxy;
pub(crate) mod rig;
pub(crate) mod traffic;

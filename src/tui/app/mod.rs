//! The console's state and how it changes: pure, without IO and without a clock.
//!
//! [`update::update`] is the only thing that changes a [`model::Model`]; it returns [`msg::Effect`]s and
//! never acts itself. [`super::run`] acts. Drawing ([`super::view`]) takes `&Model`.

pub mod act;
pub mod allowed;
pub mod deed;
pub mod export;
pub mod fold;
pub mod form;
pub mod freeze;
pub mod keys;
pub mod leaving;
pub mod list;
pub mod listed;
pub mod model;
pub mod moves;
pub mod msg;
pub mod options;
pub mod overlay;
pub mod palette;
pub mod row;
pub mod take;
pub mod update;
pub mod upkeep;
pub mod watching;
pub mod wizard;

//! PostgreSQL: the only floor that connects, reads catalogues and runs statements.

pub mod connect;
pub mod session;

pub use connect::Target;
pub use session::{Session, Tx};

//! PostgreSQL: the only floor that connects, reads catalogues and runs statements.

mod alone;
pub mod catalog;
pub mod connect;
pub mod expired;
mod failpoint;
pub mod fence;
mod in_order;
pub mod journal;
pub mod lock;
pub mod meaning;
pub mod measure;
pub mod owner;
pub mod pooler;
pub mod script;
pub mod session;
pub mod signals;

pub use alone::alone;
pub use connect::Target;
pub use fence::Fence;
pub use in_order::in_order;
pub use session::{Session, Tx};

//! The traffic's own account of what `chat_messages` must hold: a plain table beside it.
//!
//! It knows nothing of partitions, twins or logs. The invariant: in every snapshot it equals the table that owns
//! the name `public.chat_messages`.

use crate::{
    demo::data::{Login, name_the_role},
    error::Result,
    pg::Session,
};

const MAKE: &str = include_str!("../../assets/demo/oracle.sql");
const DIFFERENCE: &str = include_str!("../../assets/demo/difference.sql");

/// Copies the messages as they are; to be called before the traffic starts.
pub async fn make(session: &Session, app: &Login) -> Result<()> {
    name_the_role(session, app).await?;
    session.batch("demo: oracle", MAKE).await?;
    session.batch("demo: analyse oracle", "ANALYZE demo_oracle.chat_messages_oracle").await
}

/// Rows that only the oracle or only the application's table has, compared by their binary form; 0 means equal.
pub async fn difference(session: &Session) -> Result<i64> {
    Ok(session.query_one("demo: compare with oracle", DIFFERENCE, &[]).await?.get(0))
}

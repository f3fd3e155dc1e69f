//! The server as the connecting role sees it.

use super::ident;
use crate::{error::Result, model::server::ServerFacts, pg::Session};

/// Version, role and settings.
pub async fn server_facts(session: &Session) -> Result<ServerFacts> {
    const SQL: &str = include_str!("../../../assets/sql/server_facts.sql");
    let row = session.query_one("read server", SQL, &[]).await?;
    Ok(ServerFacts {
        version_num: row.get(0),
        database: row.get(1),
        role: ident(&row, 2),
        superuser: row.get(3),
        may_journal: row.get(4),
        sees_sessions: row.get(5),
        in_recovery: row.get(6),
        max_connections: row.get(7),
        lock_slots: row.get(8),
        wal_level: row.get(9),
        block_size: row.get(10),
        deadlock_timeout_ms: row.get(11),
    })
}

//! One at a time: who does a thing that another process is doing is told so at once.

use crate::{
    error::{Error, Result},
    pg::Session,
};

/// Holds `what` for this session until it ends, or says who holds it. The last statement of a process that was killed is
/// waited for by who comes next.
pub async fn alone(session: &Session, what: &str, object: &str) -> Result<()> {
    const TRY: &str = "SELECT pg_try_advisory_lock(hashtext($1))";
    const WHO: &str = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND objid::bigint = (hashtext($1)::bigint & 4294967295) \
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    if session.query_one("lock it for one", TRY, &[&what]).await?.get(0) {
        return Ok(());
    }
    let who = session.query_opt("see who holds it", WHO, &[&what]).await?;
    let pid = who.map_or_else(|| "its pid".to_owned(), |row| row.get::<_, i32>(0).to_string());
    Err(Error::Busy {
        object: object.to_owned(),
        reason: format!(
            "another process works on it, or was killed and its last statement still runs: pid {pid}"
        ),
        remedy: format!("wait for it, or SELECT pg_terminate_backend({pid})"),
    })
}

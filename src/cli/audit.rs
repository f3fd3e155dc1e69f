//! `quarterdeck audit`.

use std::path::Path;

use crate::{
    cli::{
        output::{audit as words, guide},
        print,
        upkeep::Audit,
    },
    engine::audit::{self, Origin},
    error::{Error, Result},
    model::{audit::Source, sql},
    pg::{Session, Target},
};

/// Carries it out. A file is read before anything connects.
pub(super) async fn run(connect: impl AsyncFnOnce() -> Result<Target>, asked: &Audit) -> Result<u8> {
    let request = asked.plan.request(&asked.table)?;
    let from = match &asked.queries {
        None => Origin::Server(audit::MOST),
        Some(path) => Origin::File(path.display().to_string(), read(path)?),
    };
    let mut session = Session::open(&connect().await?, "audit").await?;
    if let Some(language) = asked.guide {
        let table = audit::guide(&mut session, &request).await?;
        print::text(&guide::text(language, &table));
        return Ok(0);
    }
    let audit = audit::audit(&mut session, &request, from).await?;
    print::text(&if asked.json { words::json(&audit) } else { words::text(&audit, asked.top.into()) });
    Ok(0)
}

/// The statements of a file.
fn read(path: &Path) -> Result<Vec<Source>> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::Usage {
        reason: format!("{} cannot be read: {error}", path.display()),
        remedy: "say --queries with a file of SQL".into(),
    })?;
    let text = text.trim_start_matches('\u{feff}');
    if text.contains('\0') {
        return Err(Error::Usage {
            reason: format!("{} has a character that no SQL has (NUL)", path.display()),
            remedy: "say --queries with a file of SQL".into(),
        });
    }
    let of = |(at, (before, sql)): (usize, (&str, &str))| Source {
        sql: sql.to_owned(),
        id: i64::try_from(at).unwrap_or(i64::MAX).saturating_add(1),
        calls: None,
        total_ms: None,
        samples: before.lines().filter_map(sample).collect(),
    };
    let all: Vec<_> = sql::statements(text).into_iter().enumerate().map(of).collect();
    if all.is_empty() {
        return Err(Error::Usage {
            reason: format!("there is no statement in {}", path.display()),
            remedy: "write SQL, each statement with a semicolon behind it".into(),
        });
    }
    Ok(all)
}

/// `-- $1 = 'value'`. Only what is a literal, or a time from now: it is evaluated.
fn sample(line: &str) -> Option<(usize, String)> {
    let (param, value) = line.trim().strip_prefix("--")?.trim().strip_prefix('$')?.split_once('=')?;
    let value = value.trim().trim_end_matches(';');
    sql::is_literal(value).then_some((param.trim().parse().ok()?, value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_stand_in_comments() {
        assert_eq!(sample("-- $2 = now() - interval '1 day'"), Some((2, "now() - interval '1 day'".into())));
        for line in [
            "$1 = 2",
            "-- a comment",
            "-- $x = 1",
            "-- $1",
            "-- $1 = setval('s', 5)",
            "-- $2 = the status",
            "-- $1 = 1) OR (true",
        ] {
            assert_eq!(sample(line), None, "{line}");
        }
    }
}

//! `quarterdeck ids`: a table's ids, the lab, and `uuidv7()`.

use std::time::Duration;

use crate::{
    cli::{
        exit::STOPPED,
        manner::LOCK_BUDGET,
        output::ids as words,
        print,
        upkeep::{Ids, IdsCommand, InstallIds, Lab},
    },
    engine::ids,
    error::{Error, Result},
    model::{ident::Ident, lab::Kind},
    pg::{Session, Target, lock::Patience},
};

/// Carries it out.
pub(super) async fn run(target: &Target, asked: &Ids) -> Result<u8> {
    match (&asked.doing, &asked.table) {
        (Some(IdsCommand::Lab(words)), _) => lab(target, *words).await,
        (Some(IdsCommand::Install(words)), _) => install(target, words).await,
        (None, Some(table)) => {
            let session = Session::open(target, "ids").await?;
            let report = ids::look(&session, table, asked.column.as_deref()).await?;
            print::text(&if asked.json { words::json(&report) } else { words::text(&report) });
            Ok(0)
        }
        (None, None) => Err(Error::Usage {
            reason: "no table is named".into(),
            remedy: "say `quarterdeck ids TABLE`, `ids lab` or `ids install`".into(),
        }),
    }
}

/// Measures, and removes what was made: also where it fails, and where the operator has enough.
async fn lab(target: &Target, asked: Lab) -> Result<u8> {
    let session = Session::open(target, "ids lab").await?;
    let size = (asked.rows, asked.checkpoints);
    let mut said = |kind: Kind| print::note(&format!("measured: {}", kind.title()));
    // Nobody hears signals where they cannot be listened to.
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    let Some(costs) = ids::lab(&session, size, &mut said, stop).await? else {
        print::note("stopped; the scratch tables are removed");
        return Ok(STOPPED);
    };
    print::text(&if asked.json { words::lab_json(&costs, size) } else { words::lab(&costs, size) });
    Ok(0)
}

async fn install(target: &Target, asked: &InstallIds) -> Result<u8> {
    let mut session = Session::open(target, "ids install").await?;
    let default_of = asked.default_of.clone().map(|table| (table, asked.column.clone()));
    let install = ids::Install { schema: Ident::new(asked.schema.as_str()), default_of };
    if asked.sql {
        let plan = ids::plan_install(&session, &install).await?;
        print::text(&words::statements(&plan));
        return Ok(0);
    }
    let patience = Patience {
        budget: Duration::from_millis(asked.lock_budget.unwrap_or(LOCK_BUDGET)),
        ..Patience::default()
    };
    let mut said = |attempt: crate::pg::lock::Attempt| {
        if let Some(words) = attempt.lost_to() {
            print::note(&words);
        }
    };
    let done = ids::install(&mut session, &install, patience, &mut said).await?;
    print::text(&words::installed(&done));
    Ok(0)
}

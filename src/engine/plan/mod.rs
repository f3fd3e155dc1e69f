//! The plan: the table is read and examined, the decisions are made, and every step is written down.
//!
//! It changes nothing. Nothing runs later that it does not show: the statements are those of the operations
//! themselves. Leaves are the census's to decide; until then they are what index or statistics tell.

pub mod adopting;
pub mod compare;
pub mod ending;
pub mod first;
mod steps;

use uuid::Uuid;

use crate::{
    error::{Error, Result},
    model::{
        calendar::Zone,
        plan::{Finding, Plan, Request, Step},
        preflight::{self, Case, choose_key},
        scheme::{Leaf, Scheme},
        server::{Extent, ServerFacts, Surroundings},
        strategy::Strategy,
        table::Table,
    },
    pg::{Session, catalog, journal},
};

/// Reads the table of `request`, examines it, and writes down what would be done; refused by the first check that says
/// no, with the number of the others.
pub async fn plan(session: &Session, request: &Request) -> Result<Plan> {
    let facts = read(session, request).await?;
    let case = facts.case(request);
    in_zone(&case)?;
    let warnings = preflight::examine(&case);
    if let Some(refused) = preflight::refusal(&warnings) {
        return Err(refused);
    }
    let outline = Outline::of(&case)?;
    let steps = outline.steps(&warnings);
    Ok(Plan { scheme: outline.scheme, steps, warnings })
}

/// Adds what is found elsewhere to preflight's warnings.
pub fn warn(plan: &mut Plan, finding: Finding) {
    plan.warnings.push(finding);
    if let Some(first) = plan.steps.first_mut() {
        *first = steps::preflight(&plan.scheme, &plan.warnings);
    }
}

/// The plan of a journalled migration, from its scheme and the leaves it has; without preflight's warnings.
pub async fn again(session: &Session, migration: Uuid) -> Result<Plan> {
    let scheme = journal::read::migration(session, migration).await?.scheme;
    let leaves = journal::read::leaves(session, migration).await?;
    let leaves: Vec<Leaf> = leaves.into_iter().map(|row| row.leaf).collect();
    let known = if leaves.is_empty() { Known::Not } else { Known::Exactly };
    let outline = Outline { scheme, leaves, known };
    let steps = outline.steps(&[]);
    Ok(Plan { scheme: outline.scheme, steps, warnings: Vec::new() })
}

/// What a plan would build, also where preflight refuses it for another reason: the decisions, and the leaves as far as they can be foreseen.
pub async fn outline(session: &Session, request: &Request) -> Result<(Scheme, Vec<Leaf>)> {
    let facts = read(session, request).await?;
    let case = facts.case(request);
    let outline = Outline::of(&case)
        .map_err(|error| preflight::refusal(&preflight::examine(&case)).unwrap_or(error))?;
    Ok((outline.scheme, outline.leaves))
}

/// What is read before anything is judged.
struct Facts {
    server: ServerFacts,
    table: Table,
    around: Surroundings,
}

impl Facts {
    fn case<'a>(&'a self, request: &'a Request) -> Case<'a> {
        Case { table: &self.table, server: &self.server, around: &self.around, request }
    }
}

async fn read(session: &Session, request: &Request) -> Result<Facts> {
    let server = catalog::server_facts(session).await?;
    if let Some(refused) = preflight::too_old(&server) {
        return Err(refused);
    }
    let table = catalog::load_table(session, &request.table).await?;
    let around = catalog::surroundings(session, &table, request).await?;
    Ok(Facts { server, table, around })
}

/// What the steps are written from.
struct Outline {
    scheme: Scheme,
    /// As far as they can be foreseen.
    leaves: Vec<Leaf>,
    /// How the span of time is known.
    known: Known,
}

/// How the leaves of a plan are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// First and last time come from an index.
    Exactly,
    /// They come from statistics.
    Roughly,
    /// Not at all: the table is empty or was never analyzed.
    Not,
}

impl Outline {
    fn of(case: &Case<'_>) -> Result<Self> {
        let told = choose_key(case.table, case.request);
        let by = &told.map_err(|trouble| unexamined(case.table, &trouble))?.name;
        let periods = case.periods(by).map_err(|uncut| unexamined(case.table, &uncut))?;
        // The id carries its time, so the journal's order is that of the plans.
        let scheme = case.scheme(Uuid::now_v7(), by);
        let leaves = Case::leaves(&scheme, &periods);
        Ok(Self { scheme, leaves, known: Known::by(case.extent(by).as_ref()) })
    }

    /// The steps, in the order of the strategy.
    fn steps(&self, warnings: &[Finding]) -> Vec<Step> {
        match self.scheme.strategy {
            Strategy::RenameFirst => first::all(self, warnings),
            Strategy::Adopt => adopting::all(self, warnings),
            Strategy::Online | Strategy::Repartition => {
                let mut steps = steps::all(self, warnings);
                steps.extend(ending::all(self));
                steps
            }
        }
    }
}

impl Known {
    fn by(extent: Option<&Extent>) -> Self {
        match extent {
            Some(extent) if extent.exact => Self::Exactly,
            Some(_) => Self::Roughly,
            None => Self::Not,
        }
    }
}

/// A wall's clock is in no zone: what it shows is taken as it is.
fn in_zone(case: &Case<'_>) -> Result<()> {
    let clock = choose_key(case.table, case.request).ok().and_then(|by| Some((by, case.clock(by).ok()?)));
    match clock.filter(|(_, clock)| clock.is_wall() && case.request.zone != Zone::UTC) {
        None => Ok(()),
        Some((by, clock)) => Err(Error::Usage {
            reason: format!("{} is a {clock}, which is in no time zone", by.name.as_str()),
            remedy: "leave --time-zone out: a period begins where the column says midnight".into(),
        }),
    }
}

/// A trouble that a check should have refused.
fn unexamined(table: &Table, trouble: &impl std::fmt::Debug) -> Error {
    Error::Bug(format!("{}: preflight let {trouble:?} pass", table.name.plain()))
}

//! Preflight: what this version will not touch, and what a DBA should know before it does.
//!
//! A check is a row of [`CHECKS`]: a stable id, a severity, a remedy, and how it is found. Pure: it judges what
//! `pg::catalog` has read, and reads nothing. `QD-001` (no such table), `QD-018` (a transaction-mode pooler), `QD-060`
//! (rows of no period) and `QD-090` (a newer journal) are raised where they
//! are found, and are no rows here.
//!
//! Invariant: an id never changes its meaning, and is never used again.

mod adopting;
mod clock;
mod first;
mod hanging;
mod indexes;
mod key;
pub mod names;
mod publications;
mod server;
mod shape;

use std::sync::LazyLock;

pub use clock::{BELIEVE_NOT, UNBELIEVED};
pub use key::{KeyTrouble, choose_key};

use crate::{
    error::{Error, Refusal},
    model::{
        calendar::Calendar,
        clock::Clock,
        hanger::HangerKind,
        history,
        ident::Ident,
        incoming::Incoming,
        leaves::{Uncut, leaves_for, reached},
        period::Period,
        plan::{Finding, Request, Severity},
        scheme::{Leaf, Scheme},
        server::{Extent, ServerFacts, Surroundings},
        strategy::Strategy,
        table::{Column, Table},
    },
};

/// What a check looks at.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The table.
    pub table: &'a Table,
    /// The server.
    pub server: &'a ServerFacts,
    /// What stands around the table.
    pub around: &'a Surroundings,
    /// What the operator asked for.
    pub request: &'a Request,
}

/// One check.
#[derive(Debug)]
pub struct Check {
    /// Its stable id.
    pub id: &'static str,
    /// What follows where it finds something.
    pub severity: Severity,
    /// What to do then.
    pub remedy: &'static str,
    find: Find,
}

/// How a check finds.
#[derive(Debug)]
enum Find {
    /// By looking at the case.
    By(fn(&Case<'_>) -> Vec<Hit>),
    /// By the kind of what hangs on the table; the reason is the same for each.
    Hanging(HangerKind, &'static str),
}

/// What a check found: an object and a reason.
type Hit = (String, String);

/// All checks, in the order in which they are shown.
pub static CHECKS: LazyLock<Vec<&'static Check>> = LazyLock::new(|| {
    [
        server::CHECKS,
        shape::CHECKS,
        key::CHECKS,
        clock::CHECKS,
        indexes::CHECKS,
        hanging::CHECKS,
        adopting::CHECKS,
        names::CHECKS,
        first::CHECKS,
    ]
    .into_iter()
    .flatten()
    .collect()
});

const fn refuse(id: &'static str, remedy: &'static str, find: fn(&Case<'_>) -> Vec<Hit>) -> Check {
    Check { id, severity: Severity::Refuse, remedy, find: Find::By(find) }
}

const fn warn(id: &'static str, remedy: &'static str, find: fn(&Case<'_>) -> Vec<Hit>) -> Check {
    Check { id, severity: Severity::Warn, remedy, find: Find::By(find) }
}

/// Everything the checks find, refusals and warnings, in the order of [`CHECKS`].
pub fn examine(case: &Case<'_>) -> Vec<Finding> {
    CHECKS.iter().flat_map(|check| check.run(case)).collect()
}

/// The refusal of a server whose catalogue this version cannot even read: asked before anything else is.
pub fn too_old(server: &ServerFacts) -> Option<Error> {
    server::too_old(server).map(|reason| Error::Refused {
        id: server::TOO_OLD.0,
        object: "server".into(),
        reason,
        remedy: server::TOO_OLD.1.into(),
    })
}

/// The refusals as an error; `None` where nothing refuses.
pub fn refusal(findings: &[Finding]) -> Option<Error> {
    let refused: Vec<_> = findings.iter().filter(|f| f.severity == Severity::Refuse).collect();
    if let [Finding { id, severity: _, object, reason, remedy }] = refused[..] {
        let (object, reason, remedy) = (object.clone(), reason.clone(), remedy.clone());
        return CHECKS.iter().find(|check| check.id == *id).map(|check| Error::Refused {
            id: check.id,
            object,
            reason,
            remedy,
        });
    }
    if refused.is_empty() {
        return None;
    }
    let one = |finding: &&Finding| {
        let Finding { id, severity: _, object, reason, remedy } = (*finding).clone();
        Refusal { id, object, reason, remedy }
    };
    Some(Error::Refusals(refused.iter().map(one).collect()))
}

impl Check {
    fn run(&self, case: &Case<'_>) -> Vec<Finding> {
        let hits = match self.find {
            Find::By(find) => find(case),
            Find::Hanging(kind, reason) => case.hanging(kind, reason),
        };
        let finding = |(object, reason)| Finding {
            id: self.id.to_owned(),
            severity: self.severity,
            object,
            reason,
            remedy: self.remedy.to_owned(),
        };
        hits.into_iter().map(finding).collect()
    }
}

impl<'a> Case<'a> {
    /// The table's name, for people.
    fn name(&self) -> String {
        self.table.name.plain()
    }

    /// The column to partition by, where one can be told.
    fn by(&self) -> Option<&'a Column> {
        choose_key(self.table, self.request).ok()
    }

    fn hanging(&self, kind: HangerKind, reason: &str) -> Vec<Hit> {
        let hangers = self.table.facts.unhandled.iter().filter(|hanger| hanger.kind == kind);
        hangers.map(|hanger| (hanger.name.clone(), reason.to_owned())).collect()
    }

    /// One hit about the table itself where there is a reason.
    fn about_table(&self, reason: Option<String>) -> Vec<Hit> {
        reason.map(|reason| (self.name(), reason)).into_iter().collect()
    }

    /// The periods from the first known time to the last or to now, and those ahead; `adopt`: these alone.
    pub fn periods(&self, by: &Ident) -> Result<Vec<Period>, Uncut> {
        let now = self.around.now;
        let (first, last) = self.extent(by).map_or((now, now), |extent| (extent.first, extent.last.max(now)));
        if self.request.strategy == Strategy::Adopt {
            let bound = history::bound(self.calendar(), now, Some(last))?;
            return history::periods_ahead(self.calendar(), bound, self.request.ahead);
        }
        let periods = leaves_for(self.calendar(), first, last, self.request.ahead)?;
        reached(self.clock_of(by), periods)
    }

    /// First and last time of a column, as far as they are known.
    pub fn extent(&self, by: &Ident) -> Option<Extent> {
        let read = self.around.extents.iter().find(|extent| extent.column == *by).cloned();
        read.or_else(|| {
            let sample = self.around.sample.as_ref().filter(|sample| sample.column == *by)?;
            let (first, last) = sample.span(self.clock_of(by))?;
            Some(Extent { column: by.clone(), first, last, exact: sample.ends.is_some() })
        })
    }

    fn calendar(&self) -> Calendar {
        Calendar { every: self.request.every, zone: self.request.zone }
    }

    /// The clock of a column; where it cannot be told, a check says so.
    fn clock_of(&self, by: &Ident) -> Clock {
        self.table.column(by).and_then(|column| self.clock(column).ok()).unwrap_or_default()
    }

    /// What would be built, with an id that is yet to be given.
    pub fn scheme(&self, id: uuid::Uuid, by: &Ident) -> Scheme {
        Scheme {
            id,
            table: self.table.clone(),
            by: by.clone(),
            clock: self.clock_of(by),
            every: self.request.every,
            zone: self.request.zone,
            ahead: self.request.ahead,
            default_leaf: self.request.default_leaf,
            strategy: self.request.strategy,
            incoming: Incoming { choice: self.request.incoming, keys: self.around.incoming.clone() },
            history: self.request.history,
            ids_table: self.request.ids_table,
        }
    }

    /// The leaves of `periods`, DEFAULT last where it is wanted.
    pub fn leaves(scheme: &Scheme, periods: &[Period]) -> Vec<Leaf> {
        if let (Strategy::Adopt, Some(first)) = (scheme.strategy, periods.first()) {
            return scheme.leaves_adopted(first.lower, periods);
        }
        let leaves = periods.iter().map(|period| scheme.leaf_of(*period));
        leaves.chain(scheme.default_leaf.then(|| scheme.leaf_default())).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::{DateTime, TimeZone, Utc};

    use super::*;
    use crate::model::{
        attached::{Attached, Publication, RowSecurity},
        hanger::Hanger,
        ident::QualifiedName,
        incoming::{Choice, IncomingKey},
        sample::Sample,
        server::{LongTransaction, Rights},
        strategy::Strategy,
        table::{Constraint, ConstraintKind, Facts, Identity, Index, IndexRole, TIMESTAMPTZ, Trigger},
    };

    /// A case that can be changed.
    struct Scene {
        table: Table,
        server: ServerFacts,
        around: Surroundings,
        request: Request,
    }

    impl Scene {
        fn ids(&self) -> Vec<String> {
            let Self { table, server, around, request } = self;
            examine(&Case { table, server, around, request }).into_iter().map(|finding| finding.id).collect()
        }

        /// Partitioned by ids whose rows all came in 2025, into leaves from 2024 on.
        fn by_id(&mut self, ids: &[&str], clock: Option<Clock>) {
            let rows = ids.iter().map(|id| (id.parse().unwrap(), Some(at(2025)))).collect();
            let beside = Some(Ident::new("at"));
            self.around.sample = Some(Sample { column: Ident::new("id"), rows, ends: None, beside });
            (self.request.by, self.request.clock) = (Some("id".into()), clock);
        }

        fn references(&mut self, choice: Choice, columns: &[&str]) {
            self.request.incoming = choice;
            self.around.incoming.push(IncomingKey {
                table: QualifiedName::new("public", "replies"),
                oid: 3,
                name: Ident::new("fk"),
                definition: "FOREIGN KEY (a) REFERENCES t(id)".into(),
                columns: columns.iter().map(|column| Ident::new(*column)).collect(),
                validated: true,
                comment: None,
                trouble: None,
            });
        }

        fn hang(&mut self, kind: HangerKind) {
            self.table.facts.unhandled.push(Hanger { kind, name: "x".into() });
        }

        fn publish(&mut self, publication: Publication) {
            self.table.attached.publications.push(publication);
        }
    }

    fn at(year: i32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(year, 6, 1, 0, 0, 0).unwrap()
    }

    fn column(name: &str, type_sql: &str) -> Column {
        Column {
            name: Ident::new(name),
            type_sql: type_sql.into(),
            not_null: true,
            generated: false,
            identity: None,
            comparable: true,
            exact_hash: false,
            findable: true,
            owned_sequence: None,
            statistics_target: None,
            options: Vec::new(),
        }
    }

    fn index(name: &str, role: IndexRole, key: &[&str]) -> Index {
        Index {
            name: Ident::new(name),
            role,
            key: key.iter().map(|name| Some(Ident::new(*name))).collect(),
            include: Vec::new(),
            definition: String::new(),
            valid: true,
            deferrable: false,
            options: Vec::new(),
            tablespace: None,
            targets: Vec::new(),
            comment: None,
            constraint_comment: None,
        }
    }

    fn numbered(always: bool) -> Identity {
        let sequence = QualifiedName::new("public", "t_id_seq");
        Identity { always, sequence, options: String::new(), grants: Vec::new(), comment: None }
    }

    fn published() -> Publication {
        let name = Ident::new("feed");
        Publication { name, by_root: true, needs_identity: true, columns: None, filter: None }
    }

    fn trigger(name: &str) -> Trigger {
        Trigger {
            name: Ident::new(name),
            definition: String::new(),
            enabled: 'O',
            row_with_transition: false,
            constraint: false,
            before_row: false,
            comment: None,
        }
    }

    fn check(name: &str, kind: ConstraintKind) -> Constraint {
        Constraint { name: Ident::new(name), kind, definition: String::new(), validated: true, comment: None }
    }

    /// A table without a fault, whose key holds the partition column already.
    fn scene() -> Scene {
        let table = Table {
            name: QualifiedName::new("public", "t"),
            oid: 1,
            owner: Ident::new("app"),
            columns: vec![column("id", "uuid"), column("at", TIMESTAMPTZ), column("w", "text")],
            indexes: vec![index("t_pkey", IndexRole::PrimaryKey, &["id", "at"])],
            constraints: vec![check("c", ConstraintKind::Check { no_inherit: false })],
            triggers: vec![trigger("fine")],
            views: Vec::new(),
            grants: Vec::new(),
            comment: None,
            attached: Attached::default(),
            facts: Facts { kind: "rp".into(), replica_identity: "d".into(), ..Facts::default() },
        };
        let server = ServerFacts {
            version_num: 150_018,
            database: "shop".into(),
            role: Ident::new("app"),
            superuser: false,
            may_journal: true,
            sees_sessions: true,
            in_recovery: false,
            max_connections: 100,
            lock_slots: 6_400,
            wal_level: "replica".into(),
            block_size: 8_192,
            deadlock_timeout_ms: 1_000,
        };
        let extent = Extent { column: Ident::new("at"), first: at(2024), last: at(2025), exact: true };
        let rights = Rights { owns: true, may_give: true, may_create: true, ..Rights::default() };
        let around = Surroundings { now: at(2025), rights, extents: vec![extent], ..Surroundings::default() };
        let request = Request::of("t");
        Scene { table, server, around, request }
    }

    type Fault = (&'static str, fn(&mut Scene));

    const FAULTS: &[Fault] = &[
        ("QD-002", |s| s.server.version_num = 130_012),
        ("QD-003", |s| s.server.version_num = 190_000),
        ("QD-004", |s| s.server.in_recovery = true),
        ("QD-005", |s| s.around.rights.owns = false),
        ("QD-005", |s| s.around.rights.may_give = false),
        ("QD-006", |s| s.server.may_journal = false),
        ("QD-007", |s| s.around.rights.may_create = false),
        ("QD-008", |s| s.around.rights.lacks = vec!["SELECT".into()]),
        ("QD-009", |s| s.around.rights.referenced = vec![QualifiedName::new("public", "users")]),
        ("QD-010", |s| s.around.rights.views = vec![QualifiedName::new("public", "v")]),
        ("QD-085", |s| s.around.rights.used = vec![("function f()".into(), "EXECUTE".into())]),
        ("QD-011", |s| s.around.prepared = vec!["gid".into()]),
        ("QD-012", |s| s.around.wraparound_vacuum = Some(7)),
        ("QD-013", |s| s.around.long_transactions = vec![long(Some(10))]),
        ("QD-014", |s| s.around.event_triggers = vec!["audit".into()]),
        ("QD-015", |s| s.server.lock_slots = 50),
        ("QD-097", |s| {
            s.around.extents[0].first = at(1985);
            s.server.lock_slots = 1_000_000;
        }),
        ("QD-016", |s| s.server.sees_sessions = false),
        ("QD-017", |s| s.around.migration = Some("copying".into())),
        ("QD-020", |s| s.table.facts.kind = "vp".into()),
        ("QD-020", |s| s.table.facts.kind = "fp".into()),
        ("QD-021", |s| s.table.facts.kind = "pp".into()),
        ("QD-100", |s| s.request.strategy = Strategy::Repartition),
        ("QD-101", |s| s.hang(HangerKind::Part)),
        ("QD-022", |s| s.table.facts.kind = "ru".into()),
        ("QD-022", |s| s.table.facts.kind = "rt".into()),
        ("QD-023", |s| s.table.name.schema = Ident::new("pg_catalog")),
        ("QD-023", |s| s.table.name.schema = Ident::new("quarterdeck")),
        ("QD-024", |s| s.hang(HangerKind::Extension)),
        ("QD-025", |s| s.hang(HangerKind::Inheritance)),
        ("QD-026", |s| s.hang(HangerKind::TypedTable)),
        ("QD-027", |s| s.around.rights.tablespaces = vec![Ident::new("fast")]),
        ("QD-028", |s| s.hang(HangerKind::AccessMethod)),
        ("QD-030", |s| s.table.columns[1].not_null = false),
        ("QD-031", |s| s.table.columns.push(column("seen", TIMESTAMPTZ))),
        ("QD-032", |s| s.request.by = Some("nothing".into())),
        ("QD-033", |s| s.request.by = Some("w".into())),
        ("QD-033", |s| {
            s.request.by = Some("at".into());
            s.request.clock = Some(Clock::UuidV7);
        }),
        ("QD-038", |s| s.by_id(&["018cc251-f400-4000-8000-000000000000"], Some(Clock::UuidV7))),
        ("QD-039", |s| s.by_id(&["018cc251-f400-4000-8000-000000000000"], None)),
        ("QD-039", |s| s.by_id(&[], None)),
        ("QD-049", |s| s.by_id(&["018cc251-f400-7000-8000-000000000000"], None)),
        ("QD-034", |s| {
            s.table.columns[1].not_null = false;
            s.request.by = Some("at".into());
        }),
        ("QD-035", |s| {
            s.table.columns[1].generated = true;
            s.request.by = Some("at".into());
        }),
        ("QD-040", |s| s.table.indexes.clear()),
        ("QD-041", |s| s.table.indexes[0].valid = false),
        ("QD-042", |s| s.table.indexes[0].deferrable = true),
        ("QD-043", |s| s.table.indexes.push(index("u", IndexRole::Unique, &["w"]))),
        ("QD-043", |s| s.table.indexes.push(index("u", IndexRole::UniqueConstraint, &["w"]))),
        ("QD-044", |s| s.table.indexes.push(index("x", IndexRole::Exclusion, &["at"]))),
        ("QD-045", |s| s.table.indexes[0].key.truncate(1)),
        ("QD-046", |s| s.table.attached.clustered_on = Some(Ident::new("t_pkey"))),
        ("QD-047", |s| s.hang(HangerKind::Index)),
        ("QD-053", |s| s.table.constraints.push(check("n", ConstraintKind::Check { no_inherit: true }))),
        ("QD-054", |s| s.hang(HangerKind::Check)),
        ("QD-055", |s| s.hang(HangerKind::NotNull)),
        ("QD-036", |s| s.table.columns[0].comparable = false),
        ("QD-037", |s| s.table.columns[0].findable = false),
        ("QD-056", |s| s.hang(HangerKind::ForeignKey)),
        ("QD-057", |s| s.table.facts.incoming_foreign_keys = vec!["replies.parent".into()]),
        ("QD-087", |s| s.references(Choice::Keep, &["id"])),
        ("QD-087", |s| {
            s.references(Choice::Drop, &["id"]);
            s.around.incoming[0].trouble = Some("it leads from the table to itself".into());
        }),
        ("QD-087", |s| {
            s.references(Choice::Keep, &["id", "at"]);
            s.around.incoming[0].definition = "FOREIGN KEY (a) REFERENCES t(id) ON DELETE SET NULL".into();
            s.server.version_num = 140_023;
        }),
        ("QD-089", |s| s.request.ids_table = true),
        ("QD-088", |s| s.references(Choice::Drop, &["id"])),
        ("QD-058", |s| s.table.constraints.push(check("n", ConstraintKind::Other))),
        ("QD-059", |s| {
            let referenced = QualifiedName::new("public", "users");
            let kind = ConstraintKind::ForeignKey { referenced, referenced_oid: 2, acts: false };
            s.table.constraints.push(Constraint { validated: false, ..check("fk", kind) });
        }),
        ("QD-061", |s| s.table.attached.row_security = RowSecurity { enabled: true, forced: true }),
        ("QD-062", |s| s.hang(HangerKind::Policy)),
        ("QD-063", |s| s.hang(HangerKind::Rule)),
        ("QD-064", |s| s.hang(HangerKind::Publication)),
        ("QD-065", |s| s.hang(HangerKind::Subscription)),
        ("QD-067", |s| s.hang(HangerKind::MaterialisedView)),
        ("QD-068", |s| s.hang(HangerKind::Function)),
        ("QD-069", |s| s.hang(HangerKind::RowType)),
        ("QD-070", |s| s.hang(HangerKind::View)),
        ("QD-071", |s| s.hang(HangerKind::Statistics)),
        ("QD-073", |s| s.table.triggers[0].row_with_transition = true),
        ("QD-074", |s| s.table.triggers[0].before_row = true),
        ("QD-075", |s| s.hang(HangerKind::Grant)),
        ("QD-076", |s| s.hang(HangerKind::SecurityLabel)),
        ("QD-077", |s| s.hang(HangerKind::Other)),
        ("QD-078", |s| s.hang(HangerKind::Sequence)),
        ("QD-079", |s| s.publish(Publication { by_root: false, ..published() })),
        ("QD-082", |s| {
            s.around.rights.publications = vec![published().name];
            s.publish(published());
        }),
        ("QD-083", |s| s.publish(Publication { columns: Some(vec![Ident::new("id")]), ..published() })),
        ("QD-080", |s| s.around.taken = vec![Ident::new("t_twin")]),
        ("QD-080", |s| s.around.taken = vec![Ident::new("t_old")]),
        ("QD-080", |s| s.around.taken = vec![Ident::new("t_2024_q3")]),
        ("QD-080", |s| s.around.taken = vec![Ident::new("t_default")]),
        ("QD-080", |s| s.around.taken = vec![Ident::new("t_2024_q3_t_pkey")]),
        ("QD-080", |s| s.around.taken = vec![Ident::new("t_pkey_twin")]),
        ("QD-080", |s| s.around.taken = vec![Ident::new("t_pkey_old")]),
        ("QD-120", |s| {
            s.request.strategy = Strategy::Adopt;
            s.table.constraints[0].validated = false;
        }),
        ("QD-121", |s| {
            s.request.strategy = Strategy::Adopt;
            s.table.constraints[0].name = Ident::new(history::BOUND);
        }),
        ("QD-128", |s| {
            s.request.strategy = Strategy::Adopt;
            s.table.facts.replica_identity = "f".into();
        }),
        ("QD-127", |s| {
            s.request.strategy = Strategy::Adopt;
            s.request.incoming = crate::model::incoming::Choice::Keep;
        }),
        ("QD-126", |s| {
            s.request.strategy = Strategy::Adopt;
            s.table.columns[1].type_sql = "timestamp without time zone".into();
        }),
        ("QD-125", |s| {
            s.request.strategy = Strategy::Adopt;
            s.request.history = history::History::Default;
        }),
        ("QD-080", |s| {
            s.request.strategy = Strategy::Adopt;
            s.around.taken = vec![Ident::new("t_history")];
        }),
        ("QD-081", |s| {
            s.around.extents[0].first = at(1700);
            s.server.lock_slots = 1_000_000;
        }),
    ];

    /// The faults of one strategy alone.
    const FIRST: &[Fault] = &[
        ("QD-110", |s| s.table.facts.has_updates = true),
        ("QD-111", |s| {
            let sql = "CREATE TRIGGER \"a ON \"\"b\" BEFORE INSERT OR UPDATE ON public.t FOR EACH ROW EXECUTE FUNCTION f()";
            s.table.triggers[0].definition = sql.into();
        }),
        ("QD-112", |s| {
            let referenced = QualifiedName::new("public", "users");
            let kind = ConstraintKind::ForeignKey { referenced, referenced_oid: 2, acts: false };
            let definition = "FOREIGN KEY (w) REFERENCES users(id) ON DELETE SET NULL".into();
            s.table.constraints.push(Constraint { definition, ..check("fk", kind) });
        }),
        ("QD-111", |s| {
            let sql = "CREATE CONSTRAINT TRIGGER \"a ON b\" AFTER INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION f()";
            s.table.triggers[0].definition = sql.into();
        }),
        ("QD-113", |s| s.table.constraints[0].validated = false),
        ("QD-116", |s| s.publish(published())),
        ("QD-117", |s| s.table.columns[0].identity = Some(numbered(true))),
    ];

    #[test]
    fn what_rename_first_cannot_do_is_refused_for_it_alone() {
        for (id, fault) in FIRST {
            let mut scene = scene();
            fault(&mut scene);
            assert!(scene.ids().is_empty(), "online: {:?}", scene.ids());
            scene.request.strategy = Strategy::RenameFirst;
            assert_eq!(scene.ids(), [*id, "QD-114"]);
        }
        let mut told = scene();
        told.table.facts.has_updates = true;
        told.request = Request { strategy: Strategy::RenameFirst, append_only: true, ..told.request };
        let fine = [
            "CREATE TRIGGER \"INSERT\" AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
            "CREATE TRIGGER x AFTER INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION f()",
        ];
        for definition in fine {
            told.table.triggers[0].definition = definition.into();
            assert_eq!(told.ids(), ["QD-114"], "{definition}");
        }
        told.table.columns[0].identity = Some(numbered(false));
        told.table.triggers[0].enabled = 'D';
        told.table.triggers[0].definition =
            "CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()".into();
        assert_eq!(told.ids(), ["QD-114"]);
        let referenced = QualifiedName::new("public", "users");
        let kind = ConstraintKind::ForeignKey { referenced, referenced_oid: 2, acts: false };
        told.table.constraints.push(Constraint { validated: false, ..check("fk", kind) });
        let ids = told.ids();
        assert!(ids.contains(&"QD-113".to_owned()) && ids.contains(&"QD-059".to_owned()), "{ids:?}");
    }

    fn long(age_s: Option<i64>) -> LongTransaction {
        LongTransaction { pid: 7, who: "app from x".into(), age_s, state: None, xmin_age: None }
    }

    #[test]
    fn a_table_without_a_fault_passes() {
        assert!(scene().ids().is_empty(), "{:?}", scene().ids());
        let mut near = scene();
        near.around.taken = ["t", "t_pkey", "t_2030_q1", "t_old_2"].map(Ident::new).to_vec();
        near.around.long_transactions = vec![long(Some(9)), long(None)];
        near.publish(published());
        near.publish(Publication { columns: Some(vec![Ident::new("at")]), ..published() });
        near.table.attached.row_security.enabled = true;
        assert!(near.ids().is_empty(), "{:?}", near.ids());
        let mut without_default = scene();
        without_default.request.default_leaf = false;
        without_default.around.taken = vec![Ident::new("t_default")];
        assert!(without_default.ids().is_empty());
        let mut kept = scene();
        kept.references(Choice::Keep, &["at", "id"]);
        kept.table.facts.incoming_foreign_keys = vec!["replies.fk".into()];
        assert!(kept.ids().is_empty(), "{:?}", kept.ids());
    }

    #[test]
    fn a_table_of_ids_keeps_keys_to_the_old_one_and_wants_its_names() {
        let ids = || {
            let mut scene = scene();
            scene.table.indexes[0].key.truncate(1);
            scene.request.ids_table = true;
            scene.references(Choice::Keep, &["id"]);
            scene.around.incoming[0].definition = "FOREIGN KEY (a) REFERENCES t(id) ON DELETE CASCADE".into();
            scene.server.version_num = 140_023;
            scene
        };
        let cases: &[Fault] = &[
            ("", |_| ()),
            ("QD-089", |s| s.table.attached.row_security.enabled = true),
            ("QD-089", |s| s.table.triggers[0].name = Ident::new("0_ids_row")),
            ("QD-087", |s| s.around.incoming[0].columns = vec![Ident::new("w")]),
            ("QD-080", |s| s.around.taken = vec![Ident::new("t_ids")]),
            ("QD-080", |s| s.around.taken = vec![Ident::new("t_ids_pkey")]),
            ("QD-080", |s| s.around.taken = vec![Ident::new("t_ids()")]),
        ];
        for (id, fault) in cases {
            let mut scene = ids();
            fault(&mut scene);
            let found: Vec<_> = scene.ids().into_iter().filter(|found| found != "QD-045").collect();
            assert_eq!(found.join(" "), *id);
        }
    }

    #[test]
    fn each_fault_is_found_by_its_check_and_no_other() {
        for (id, fault) in FAULTS {
            let mut scene = scene();
            fault(&mut scene);
            assert_eq!(scene.ids(), [*id]);
        }
        let mut wide = scene();
        wide.table.indexes[0].key = (0..32).map(|n| Some(Ident::new(format!("k{n}")))).collect();
        assert_eq!(wide.ids(), ["QD-045", "QD-048"], "too long by the column that it lacks");
    }

    #[test]
    fn every_check_has_an_id_of_its_own_and_a_test() {
        let ids: BTreeSet<_> = CHECKS.iter().map(|check| check.id).collect();
        assert_eq!(ids.len(), CHECKS.len(), "an id is used twice");
        assert!(["QD-001", "QD-018", "QD-060", "QD-090"].iter().all(|elsewhere| !ids.contains(elsewhere)));
        let mut tested: BTreeSet<_> = FAULTS.iter().map(|(id, _)| *id).collect();
        tested.insert("QD-048");
        tested.extend(FIRST.iter().map(|(id, _)| *id).chain(["QD-114"]));
        assert_eq!(ids, tested);
        for kind in HangerKind::ALL {
            let mut scene = scene();
            scene.hang(kind);
            assert_eq!(scene.ids().len(), 1, "{kind:?} is refused by one check");
        }
        assert!(CHECKS.iter().all(|check| !check.remedy.is_empty() && !check.remedy.ends_with('.')));
    }

    #[test]
    fn a_refusal_names_the_first_and_counts_the_others() {
        let mut scene = scene();
        scene.table.indexes[0].key.truncate(1);
        let findings = |s: &Scene| {
            examine(&Case { table: &s.table, server: &s.server, around: &s.around, request: &s.request })
        };
        assert!(refusal(&findings(&scene)).is_none(), "a warning refuses nothing");
        scene.hang(HangerKind::Rule);
        scene.hang(HangerKind::Publication);
        let error = refusal(&findings(&scene)).unwrap();
        let ids: Vec<_> = error.refusals().into_iter().map(|refusal| refusal.id).collect();
        assert_eq!(ids, ["QD-063", "QD-064"]);
        assert_eq!(error.report().id.as_deref(), Some("QD-063"));
        assert!(error.to_string().contains("(QD-063)"), "{error}");
        assert!(error.to_string().contains("and 1 more: QD-064 x"), "{error}");
        assert_eq!(error.hint().as_deref(), Some("replace it by a trigger"));
        assert_eq!(error.exit_code(), 3);
    }

    #[test]
    fn the_key_is_the_one_named_or_the_only_one() {
        let mut scene = scene();
        let chosen =
            |s: &Scene| choose_key(&s.table, &s.request).map(|column| column.name.as_str().to_owned());
        assert_eq!(chosen(&scene), Ok("at".into()));
        scene.table.columns.push(column("Seen", TIMESTAMPTZ));
        assert_eq!(chosen(&scene), Err(KeyTrouble::Several(vec![Ident::new("at"), Ident::new("Seen")])));
        for (typed, name) in [("AT", "at"), ("Seen", "Seen")] {
            scene.request.by = Some(typed.into());
            assert_eq!(chosen(&scene), Ok(name.into()));
        }
        scene.request.by = Some("seen".into());
        assert_eq!(chosen(&scene), Err(KeyTrouble::Unknown("seen".into())));
    }

    #[test]
    fn of_several_times_the_usual_one_or_the_best_is_taken() {
        let mut scene = scene();
        let chosen = |s: &Scene| choose_key(&s.table, &s.request).unwrap().name.as_str().to_owned();
        scene.table.columns.push(column("day", "date"));
        scene.table.columns.push(column("seen", "timestamp(0) without time zone"));
        assert_eq!(chosen(&scene), "at");
        scene.table.columns.push(column("created_at", "timestamp without time zone"));
        assert_eq!(chosen(&scene), "created_at");
        scene.table.columns.retain(|column| !matches!(column.name.as_str(), "at" | "created_at"));
        assert_eq!(chosen(&scene), "seen");
        scene.table.columns.retain(|column| column.name.as_str() != "seen");
        assert_eq!(chosen(&scene), "day");
    }

    #[test]
    fn a_key_that_tells_its_time_is_the_partition_column_and_stays_the_key() {
        let mut scene = scene();
        scene.table.indexes[0].key.truncate(1);
        scene.by_id(&["018cc251-f400-7000-8000-000000000000"], None);
        let sample = scene.around.sample.as_mut().unwrap();
        sample.rows[0].1 = None;
        let Scene { table, server, around, request } = &scene;
        let case = Case { table, server, around, request };
        assert!(examine(&case).is_empty(), "the key is not widened: no QD-045");
        let by = Ident::new("id");
        let scheme = case.scheme(uuid::Uuid::nil(), &by);
        assert_eq!((scheme.clock, scheme.twin_key_text().as_str()), (Clock::UuidV7, "(id)"));
        let periods = case.periods(&by).unwrap();
        let first = Utc.with_ymd_and_hms(2024, 1, 1, 0, 0, 0).unwrap();
        assert_eq!((periods[0].lower, periods.len()), (first, 8), "from 2024 Q1 to 2025 Q4");
        assert_eq!(scheme.log_seek("l", "t"), "l.part = t.\"id\"");
    }

    #[test]
    fn two_of_our_own_names_may_not_meet() {
        let mut scene = scene();
        scene.table.indexes.push(index("t_pkey_old", IndexRole::Plain, &["w"]));
        scene.around.taken = vec![Ident::new("t_pkey_old")];
        assert_eq!(scene.ids(), ["QD-080"]);
    }
}

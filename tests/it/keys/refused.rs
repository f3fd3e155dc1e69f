//! Claims that do not hold are refused: from a sample by the plan, from all rows by the census.

use quarterdeck::{
    Error,
    engine::{command::Command, context::Until, launch, plan::plan, worker::End},
    model::{
        plan::{Request, Severity},
        throttle::Limits,
    },
};

use super::IDS;
use crate::{
    online::{options, run},
    support::{self, Db, schema::schema_dump},
};

/// A table, what is asked for, and what is said.
struct Claim {
    make: &'static str,
    by: &'static str,
    clock: Option<&'static str>,
    id: &'static str,
    says: &'static str,
}

const ROWS: &str = "FROM generate_series(1, 2000) n, LATERAL (SELECT now() - n * interval '1 hour' AS at) s";

const CLAIMS: &[Claim] = &[
    Claim {
        make: "id uuid PRIMARY KEY: SELECT CASE n % 4 WHEN 0 THEN gen_random_uuid() ELSE v7(at) END",
        by: "id",
        clock: None,
        id: "QD-039",
        says: "of 2,000 ids read by the clock uuidv7, 500 (25 %) are UUIDs of version 4",
    },
    Claim {
        make: "id uuid PRIMARY KEY: SELECT CASE n % 4 WHEN 0 THEN gen_random_uuid() ELSE v7(at) END",
        by: "id",
        clock: Some("uuidv7"),
        id: "QD-038",
        says: "; the other ",
    },
    Claim {
        make: "id uuid PRIMARY KEY: SELECT v7(CASE n WHEN 1000 THEN '1971-01-01Z' ELSE at END)",
        by: "id",
        clock: None,
        id: "QD-039",
        says: "tell a time before 2000-01-01",
    },
    Claim {
        make: "id bigint PRIMARY KEY: SELECT n",
        by: "id",
        clock: None,
        id: "QD-039",
        says: "its values go from 1 to 2000, which tell no time by any known clock: a plain sequence does not",
    },
    Claim {
        make: "id bigint PRIMARY KEY: SELECT n",
        by: "id",
        clock: Some("twitter"),
        id: "QD-038",
        says: "as those of a plain sequence do; none of them tells a time that can be believed",
    },
    Claim {
        make: "id bigint PRIMARY KEY: SELECT ms(at)",
        by: "id",
        clock: Some("epoch-s"),
        id: "QD-038",
        says: "tell a time after",
    },
    Claim {
        make: "id bigint PRIMARY KEY, created_at timestamptz NOT NULL: SELECT twitter(at + interval '4 years'), at - interval '9 years'",
        by: "id",
        clock: Some("twitter"),
        id: "QD-038",
        says: "tell a time after",
    },
    Claim {
        make: "id bigint PRIMARY KEY: SELECT ms(at)",
        by: "id",
        clock: Some("uuidv7"),
        id: "QD-033",
        says: "its type is bigint, and the clock uuidv7 wants uuid",
    },
    Claim {
        make: "id int PRIMARY KEY: SELECT n",
        by: "id",
        clock: None,
        id: "QD-033",
        says: "its type is integer",
    },
    Claim {
        make: "id bigint PRIMARY KEY, at bigint: SELECT n, ms(at)",
        by: "at",
        clock: None,
        id: "QD-034",
        says: "it may be NULL",
    },
];

async fn make(db: &Db, claim: &Claim) {
    let (columns, values) = claim.make.split_once(": ").unwrap();
    db.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
    db.sql(IDS).await;
    db.sql(&format!("CREATE TABLE t ({columns}); INSERT INTO t {values} {ROWS}; ANALYZE t")).await;
}

fn request(by: &str, clock: Option<&str>) -> Request {
    let clock = clock.map(|clock| clock.parse().unwrap());
    Request { by: Some(by.into()), clock, ..Request::of("t") }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_a_sample_contradicts_is_refused_by_the_plan() {
    support::on_each_server(async |server| {
        let db = server.database("claims").await;
        for claim in CLAIMS {
            make(&db, claim).await;
            let planned = plan(&db.session().await, &request(claim.by, claim.clock)).await;
            let error = planned.err().unwrap_or_else(|| panic!("{}: accepted", claim.make));
            assert!(
                matches!(&error, Error::Refused { id, .. } if *id == claim.id),
                "{}: {error}",
                claim.make
            );
            assert!(error.to_string().contains(claim.says), "{}: {error}", claim.make);
            assert!(error.hint().is_some() && error.exit_code() == 3);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_tell_another_time_than_their_rows_are_warned_of() {
    let db = support::database("warned").await;
    db.sql(IDS).await;
    db.sql(&format!(
        "CREATE TABLE t (id uuid PRIMARY KEY, created_at timestamptz NOT NULL);
         INSERT INTO t SELECT v7(at), at - CASE n WHEN 7 THEN interval '3 years' ELSE interval '0' END {ROWS}; ANALYZE t"
    ))
    .await;
    let plan = plan(&db.session().await, &request("id", None)).await.unwrap_or_else(|e| panic!("{e}"));
    let warned: Vec<_> = plan.warnings.iter().map(|w| (w.id.as_str(), w.severity)).collect();
    assert_eq!(warned, [("QD-049", Severity::Warn)], "and no QD-045: the key stays as it is");
    let reason = &plan.warnings[0].reason;
    assert!(
        reason
            .contains("of 2,000 rows looked at, 1 have an id more than a quarter away from their created_at"),
        "{reason}"
    );
}

/// What comes in after the plan has looked, and what the census says of it.
const LATER: &[(&str, &str, &str, &str)] = &[
    (
        "id uuid PRIMARY KEY: SELECT v7(at)",
        "id",
        "SELECT gen_random_uuid()",
        "1 (< 1 %) are UUIDs of version 4",
    ),
    (
        "id bigint PRIMARY KEY: SELECT twitter(at)",
        "id",
        "VALUES (4711), (-5)",
        "2 (< 1 %) tell a time before",
    ),
    (
        "id bigint PRIMARY KEY: SELECT ms(at)",
        "id",
        "SELECT ms(now() + interval '3 days')",
        "1 (< 1 %) tell a time after",
    ),
    (
        "day date PRIMARY KEY: SELECT DISTINCT at::date",
        "day",
        "VALUES ('infinity'::date)",
        "1 rows between blocks",
    ),
    (
        "at timestamp PRIMARY KEY: SELECT at",
        "at",
        "VALUES ('-infinity'::timestamp), ('0044-03-15 BC')",
        "2 rows between blocks",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_one_row_contradicts_is_refused_by_the_census() {
    support::on_each_server(async |server| {
        let db = server.database("proof").await;
        for (columns, by, later, says) in LATER {
            let claim = Claim { make: columns, by, clock: None, id: "", says };
            make(&db, &claim).await;
            let before = schema_dump(&db, "public.t").await;
            let plan = plan(&db.session().await, &request(by, None))
                .await
                .unwrap_or_else(|e| panic!("{columns}: {e}"));
            launch::journal(&db.target(), &plan.scheme, 2, &Limits::default()).await.unwrap();
            db.sql(&format!("INSERT INTO t {later}")).await;
            let error = run(&db, plan.scheme.id, options(Until::Ready, None)).await.unwrap_err();
            let id = if plan.scheme.clock.is_id() { "QD-038" } else { "QD-060" };
            assert!(matches!(&error, Error::Refused { id: found, .. } if *found == id), "{columns}: {error}");
            assert!(error.to_string().contains(says), "{columns}: {error}");
            assert_eq!(db.value("SELECT to_regclass('t_twin') IS NULL").await, "t", "nothing was built");
            let end = run(&db, plan.scheme.id, options(Until::Asked, Some(Command::Abort))).await.unwrap();
            assert_eq!(end, End::Aborted);
            assert_eq!(schema_dump(&db, "public.t").await, before);
        }
    })
    .await;
}

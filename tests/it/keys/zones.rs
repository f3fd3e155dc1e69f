//! Periods of a time zone: what the census counts, what the leaves hold and what the catalogue says are the same.

use chrono::{DateTime, Utc};
use quarterdeck::{
    Error,
    engine::plan::plan,
    model::{
        calendar::Zone,
        leaves::leaves_for,
        period::{Every, Period},
        plan::Request,
        scheme::Leaf,
    },
    ops::{census, twin},
    pg::{catalog, journal},
};

use crate::{exchange::rig::Rig, support};

/// An hour apart, over both changes of the clocks.
const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, at timestamptz NOT NULL);
    INSERT INTO t SELECT n, '2024-03-28 00:30Z'::timestamptz + n * interval '1 hour' FROM generate_series(0, 150) n;
    INSERT INTO t SELECT 1000 + n, '2024-10-25 00:30Z'::timestamptz + n * interval '1 hour' FROM generate_series(0, 100) n";

fn leaf(rig: &Rig, period: Period) -> Leaf {
    rig.scheme.leaf_of(period)
}

#[tokio::test(flavor = "multi_thread")]
async fn days_in_berlin_have_the_bounds_that_the_calendar_gives_them() {
    support::on_each_server(async |server| {
        let db = server.database("zones").await;
        db.sql(TABLE).await;
        let mut session = db.session().await;
        let table = catalog::load_table(&session, "t").await.unwrap();
        let mut rig = Rig::of(db, &mut session, table, "at").await;
        (rig.scheme.every, rig.scheme.zone) = (Every::Day, "Europe/Berlin".parse().unwrap());
        rig.begin_capture().await.unwrap();
        let (fence, scheme) = (&rig.fence, &rig.scheme);
        census::cut(&mut rig.session, fence, scheme).await.unwrap();
        let chunks = journal::read::chunks(&rig.session, scheme.id).await.unwrap();
        let runs: Vec<_> = chunks.iter().map(|row| (row.id, (row.first_block, row.end_block))).collect();
        let counted: Vec<(DateTime<Utc>, i64)> =
            census::count(&mut rig.session, fence, scheme, &runs).await.unwrap().into_iter().flatten().collect();
        let day = |text: &str| counted.iter().find(|(lower, _)| *lower == text.parse::<DateTime<Utc>>().unwrap());
        assert_eq!(day("2024-03-29T23:00:00Z").unwrap().1, 24);
        assert_eq!(day("2024-03-30T23:00:00Z").unwrap().1, 23, "the clocks went forward");
        assert_eq!(day("2024-10-26T22:00:00Z").unwrap().1, 25, "and back");

        let (first, last) = (counted[0].0, counted.iter().map(|(lower, _)| *lower).max().unwrap());
        let periods = leaves_for(scheme.calendar(), first, last, 1).unwrap();
        let mut leaves: Vec<_> = periods.iter().map(|period| leaf(&rig, *period)).collect();
        leaves.push(rig.scheme.leaf_default());
        let tx = rig.session.begin().await.unwrap();
        twin::create(&tx, &rig.scheme, &leaves).await.unwrap();
        tx.commit("create").await.unwrap();
        let db = &rig.db;
        let bounds = |leaf: &str| {
            format!("SET timezone = 'UTC'; SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = '{leaf}'")
        };
        for (leaf, text) in [
            ("t_2024_03_31", "FROM ('2024-03-30 23:00:00+00') TO ('2024-03-31 22:00:00+00')"),
            ("t_2024_10_27", "FROM ('2024-10-26 22:00:00+00') TO ('2024-10-27 23:00:00+00')"),
        ] {
            assert_eq!(db.value(&bounds(leaf)).await, format!("FOR VALUES {text}"));
        }
        // As a client in another zone routes rows, and as the census counted them.
        db.sql("SET timezone = 'Asia/Tokyo'; INSERT INTO t_twin SELECT * FROM t; SET timezone = 'UTC'").await;
        for (lower, rows) in &counted {
            let name = leaf(&rig, rig.scheme.calendar().period_of(*lower).unwrap()).name;
            let found = db.value(&format!("SELECT count(*) FROM {name}")).await;
            assert_eq!(found, rows.to_string(), "{name}");
        }
        assert_eq!(db.value("SELECT count(*) FROM t_default").await, "0");
        other_bounds_are_seen(&mut rig, &leaves).await;
    })
    .await;
}

/// A leaf whose bounds are not those of its period is not taken for it.
async fn other_bounds_are_seen(rig: &mut Rig, leaves: &[Leaf]) {
    let tx = rig.session.begin().await.unwrap();
    twin::check_bounds(&tx, &rig.scheme, leaves).await.unwrap();
    let mut wrong = leaves[3].clone();
    let period = wrong.period.as_mut().unwrap();
    period.upper += chrono::TimeDelta::hours(1);
    let error = twin::check_bounds(&tx, &rig.scheme, &[wrong.clone()]).await.unwrap_err();
    assert!(error.to_string().contains("other bounds"), "{error}");
    wrong.period = None;
    assert!(twin::check_bounds(&tx, &rig.scheme, &[wrong]).await.is_err());
    tx.rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wall_clock_is_in_no_zone() {
    let db = support::database("wall").await;
    db.sql("CREATE TABLE t (id int PRIMARY KEY, at timestamp NOT NULL, day date NOT NULL)").await;
    let session = db.session().await;
    for by in ["at", "day"] {
        let zone: Zone = "Europe/Berlin".parse().unwrap();
        let request = Request { by: Some(by.into()), zone, ..Request::of("t") };
        let error = plan(&session, &request).await.unwrap_err();
        assert!(matches!(error, Error::Usage { .. }), "{error}");
        assert_eq!(error.exit_code(), 2);
        plan(&session, &Request { zone: Zone::UTC, ..request }).await.unwrap_or_else(|e| panic!("{e}"));
    }
}

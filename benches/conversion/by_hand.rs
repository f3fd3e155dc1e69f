//! The same work in plain SQL, offline, one statement after the other.

use quarterdeck::Result;

use crate::shop::Shop;

/// Indexes but the primary key's, and foreign keys, as statements with `{}` for the table.
const INDEXES: &str = "SELECT replace(replace(pg_get_indexdef(i.indexrelid), ' ON public.chat_messages ', ' ON {} '), \
    'INDEX ' || c.relname, 'INDEX') \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
    WHERE i.indrelid = 'public.chat_messages'::regclass AND NOT i.indisprimary ORDER BY 1";
const KEYS: &str = "SELECT 'ALTER TABLE {} ADD ' || pg_get_constraintdef(oid) FROM pg_constraint \
    WHERE conrelid = 'public.chat_messages'::regclass AND contype = 'f' ORDER BY 1";
const QUARTERS: &str = "SELECT format('CREATE TABLE indexed_%s PARTITION OF indexed FOR VALUES FROM (%L) TO (%L)', \
    to_char(q, 'YYYYMM'), q, q + interval '3 months') \
    FROM generate_series((SELECT date_trunc('quarter', min(created_at)) FROM public.chat_messages), \
    (SELECT max(created_at) FROM public.chat_messages), interval '3 months') q";

/// A plain copy, then its indexes and foreign keys: less cannot be done.
pub(super) async fn floor(shop: &Shop) -> Result<f64> {
    let mut sql = vec![
        "CREATE TABLE floor AS SELECT * FROM public.chat_messages".to_owned(),
        "ALTER TABLE floor ADD PRIMARY KEY (id, created_at)".to_owned(),
    ];
    for query in [INDEXES, KEYS] {
        sql.extend(shop.lines(query).await?.iter().map(|line| line.replace("{}", "floor")));
    }
    measured(shop, &sql, "floor").await
}

/// What is most often advised: a partitioned table with everything on it, and one INSERT.
pub(super) async fn indexed(shop: &Shop) -> Result<f64> {
    shop.session
        .batch(
            "make partitions",
            "SET search_path = public; CREATE TABLE indexed (LIKE public.chat_messages INCLUDING DEFAULTS) PARTITION BY RANGE (created_at); \
             ALTER TABLE indexed ADD PRIMARY KEY (id, created_at)",
        )
        .await?;
    let mut sql = shop.lines(QUARTERS).await?;
    for query in [INDEXES, KEYS] {
        sql.extend(shop.lines(query).await?.iter().map(|line| line.replace("{}", "indexed")));
    }
    sql.push("INSERT INTO indexed SELECT * FROM public.chat_messages".into());
    measured(shop, &sql, "indexed").await
}

async fn measured(shop: &Shop, sql: &[String], table: &str) -> Result<f64> {
    shop.session.batch("settle", "SET search_path = public; CHECKPOINT").await?;
    let seconds = shop.timed(sql).await?;
    shop.session.batch("clean up", &format!("DROP TABLE {table}; CHECKPOINT")).await?;
    Ok(seconds)
}

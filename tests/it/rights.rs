//! Without superuser (TRAPS 41): whole conversions by the binary as the table's owner, which owns nothing else and may
//! create in database and schema; and as a member of such a role. Traffic goes on, by a role that is neither.

use crate::{
    commands::tool::{TABLE, Tool, quiet_shop},
    online::Shop,
    support::{Db, on_each_server, schema::schema_dump, server::Server},
};

const PASSWORD: &str = "secret";
const KIND: &str = "SELECT relkind FROM pg_class WHERE oid = 'public.chat_messages'::regclass";
/// What is ours or the application's, and belongs to somebody else than it should.
const STRANGERS: &str = "SELECT c.relname, pg_get_userbyid(c.relowner) FROM pg_class c \
    WHERE c.relname ~ '^chat_messages' AND c.relname !~ 'oracle' AND c.relkind IN ('r', 'p', 'i', 'I') AND c.relowner <> \
    (SELECT relowner FROM pg_class WHERE oid = 'public.chat_messages'::regclass)";

/// Who converts.
#[derive(Clone, Copy, Debug)]
enum As {
    Owner,
    Member,
}

/// Gives the big table to a role without rights of its own; the binary as who converts it, and the roles.
async fn hand_over(db: &Db, who: As) -> (Tool, Vec<String>) {
    let (owner, member) = (format!("owner_{}", db.name()), format!("member_{}", db.name()));
    db.sql(&minimum(&owner, db.name())).await;
    let roles = match who {
        As::Owner => vec![owner],
        As::Member => {
            let name = db.name();
            db.sql(&format!(
                "CREATE ROLE {member} LOGIN PASSWORD '{PASSWORD}' IN ROLE {owner}; ALTER ROLE {owner} NOLOGIN;
                 GRANT CREATE ON DATABASE \"{name}\" TO {member}"
            ))
            .await;
            vec![member, owner]
        }
    };
    (Tool::to(db.conninfo_as(&roles[0], PASSWORD)), roles)
}

/// The roles go, and what they own stays.
async fn take_back(db: &Db, roles: &[String]) {
    let roles = roles.join(", ");
    db.sql(&format!("REASSIGN OWNED BY {roles} TO postgres; DROP OWNED BY {roles}; DROP ROLE {roles}")).await;
}

/// The least that the README names: nothing beside the table belongs to the role, and schema public is closed.
fn minimum(owner: &str, database: &str) -> String {
    format!(
        "CREATE ROLE {owner} LOGIN PASSWORD '{PASSWORD}'; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
         GRANT CREATE ON DATABASE \"{database}\" TO {owner}; GRANT USAGE, CREATE ON SCHEMA public TO {owner};
         GRANT SELECT, REFERENCES, UPDATE ON users, chat_sessions TO {owner};
         ALTER TABLE chat_messages OWNER TO {owner}; ALTER VIEW live_messages OWNER TO {owner}"
    )
}

/// One row missing, one byte more in another: as the superuser, who needs no rights for it.
const PLANT: &str = "\
    DELETE FROM chat_messages_2024_q2 WHERE id = (SELECT min(id::text)::uuid FROM chat_messages_2024_q2); \
    UPDATE chat_messages_2024_q3 SET content = content || ' ' \
    WHERE id = (SELECT max(id::text)::uuid FROM chat_messages_2024_q3)";

async fn converts(server: &'static Server, who: As) {
    let shop = Shop::open(server, 5_000, 50).await;
    let db = &shop.db;
    let (tool, roles) = hand_over(db, who).await;
    let plan = tool.done(&["plan", TABLE]).await;
    assert!(plan.contains("(QD-016)"), "what the role cannot see is named: {plan}");
    tool.start(&["run", TABLE]).end().await.closed("ready", 0);
    db.sql(PLANT).await;
    assert_eq!(tool.run(&["verify", TABLE]).await.code, 4);
    tool.done(&["repair", TABLE]).await;
    tool.done(&["verify", TABLE]).await;
    for (command, kind) in [("swap", "p"), ("reverse", "r"), ("swap", "p")] {
        tool.done(&[command, TABLE, "--yes", TABLE, "--lock-budget", "400"]).await;
        assert_eq!(db.value(KIND).await, kind);
        assert_eq!(db.rows(STRANGERS).await, Vec::<String>::new());
    }
    tool.done(&["finish", TABLE, "--yes", TABLE, "--drop-source"]).await;
    assert_eq!(db.value("SELECT to_regclass('chat_messages_old')").await, "-");
    let unvalidated =
        "SELECT count(*) FROM pg_constraint WHERE conrelid = 'chat_messages'::regclass AND NOT convalidated";
    assert_eq!(db.value(unvalidated).await, "0");
    take_back(&shop.close().await, &roles).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_owner_converts_it() {
    on_each_server(async |server| converts(server, As::Owner).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_the_tables_owner_converts_it() {
    on_each_server(async |server| converts(server, As::Member).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_by_either_leaves_the_table_as_it_was() {
    on_each_server(async |server| {
        for who in [As::Owner, As::Member] {
            let db = &quiet_shop(server, 2_000).await;
            let (tool, roles) = hand_over(db, who).await;
            let before = schema_dump(db, "public.chat_messages").await;
            tool.start(&["run", TABLE]).end().await.closed("ready", 0);
            tool.done(&["abort", TABLE, "--yes", TABLE]).await;
            assert_eq!(schema_dump(db, "public.chat_messages").await, before);
            let left = "SELECT count(*) FROM pg_class WHERE relname ~ '^chat_messages_(twin|[0-9]|default)'";
            assert_eq!(db.value(left).await, "0");
            take_back(db, &roles).await;
        }
    })
    .await;
}

/// What is taken from the owner, and the object that the refusal names.
const LACKING: &[(&str, &str)] = &[
    (
        "CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER audit AFTER INSERT ON chat_messages FOR EACH ROW EXECUTE FUNCTION audit();
         REVOKE EXECUTE ON FUNCTION audit() FROM PUBLIC",
        "function public.audit()",
    ),
    (
        "CREATE FUNCTION twice(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1 || $1';
         ALTER TABLE chat_messages ADD doubled text GENERATED ALWAYS AS (twice(content)) STORED;
         REVOKE EXECUTE ON FUNCTION twice(text) FROM PUBLIC",
        "function public.twice(text)",
    ),
    (
        "CREATE TYPE mood AS ENUM ('good'); ALTER TABLE chat_messages ADD feels mood; REVOKE USAGE ON TYPE mood FROM PUBLIC",
        "type public.mood",
    ),
    (
        "CREATE SCHEMA reports; CREATE VIEW reports.v AS SELECT id FROM chat_messages;
         ALTER VIEW reports.v OWNER TO {owner}; GRANT USAGE ON SCHEMA reports TO {owner}",
        "schema reports",
    ),
    ("REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC", "language plpgsql"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_would_be_missed_late_is_named_at_once() {
    on_each_server(async |server| {
        for (take, object) in LACKING {
            let db = quiet_shop(server, 1_000).await;
            let (tool, roles) = hand_over(&db, As::Owner).await;
            db.sql(&take.replace("{owner}", &roles[0])).await;
            let said = tool.run(&["plan", TABLE]).await;
            assert_eq!(said.code, 3, "{said:?}");
            assert!(said.err.contains(object) && said.err.contains("(QD-085)"), "{said:?}");
            take_back(&db, &roles).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_began_a_migration_goes_on_with_it() {
    on_each_server(async |server| {
        let db = quiet_shop(server, 1_000).await;
        let (tool, roles) = hand_over(&db, As::Member).await;
        tool.start(&["run", TABLE]).end().await.closed("ready", 0);
        // The owner of the table is no member of the member.
        let owner = &roles[1];
        db.sql(&format!(
            "ALTER ROLE {owner} LOGIN; GRANT USAGE, CREATE ON SCHEMA quarterdeck TO {owner};
             GRANT ALL ON ALL TABLES IN SCHEMA quarterdeck TO {owner}"
        ))
        .await;
        let other = Tool::to(db.conninfo_as(owner, PASSWORD));
        let said = other.run(&["swap", TABLE, "--yes", TABLE]).await;
        assert_eq!(said.code, 3, "{said:?}");
        assert!(
            said.err.contains(&format!("begun by role {}", roles[0])) && said.err.contains("(QD-086)"),
            "{said:?}"
        );
        tool.done(&["abort", TABLE, "--yes", TABLE]).await;
        take_back(&db, &roles).await;
    })
    .await;
}

//! `kill -9` at random moments of one conversion under traffic, taken up again each time.

use std::time::Duration;

use crate::{
    commands::tool::{TABLE, Tool},
    online::Shop,
    support::server,
};

/// So often the tool is killed.
const KILLS: u32 = 10;
/// What each life is asked for.
const SWAPPED: [&str; 6] = ["run", TABLE, "--until", "swapped", "--yes", TABLE];
/// The most events of one life.
const STRIDE: u64 = 12;
/// Repeats a run: the seed that it printed.
const SEED: &str = "QUARTERDECK_TEST_SEED";

/// Numbers that a seed repeats (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % end
    }
}

/// As given, or drawn and printed.
pub(crate) fn seed() -> u64 {
    let given = std::env::var(SEED).ok().map(|seed| seed.parse().unwrap());
    let seed = given.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
    eprintln!("{SEED}={seed}");
    seed
}

/// Runs the tool up to a random moment, told by its own events and then by the application's transactions, and kills
/// it there, at most `stride` events on; whether it was still alive.
async fn killed(tool: &Tool, shop: &Shop, dice: &mut Dice, stride: u64) -> bool {
    let mut run = tool.start(&SWAPPED);
    for _ in 0..=dice.below(stride) {
        let Some(event) = run.next().await else { break };
        eprintln!("{event}");
        if event["event"] == "closed" {
            break;
        }
    }
    let then = shop.traffic.tally().transactions + dice.below(30);
    while shop.traffic.tally().transactions < then {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    run.kill().await
}

/// On the first server only: it takes a minute, and what differs between versions is tested step by step elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_at_random_moments_change_nothing() {
    let shop = Shop::open(&server::all()[0], 20_000, 100).await;
    let tool = Tool::on(&shop.db);
    let mut dice = Dice(seed());
    // Where it has come to its end before, what is left are deaths right after the start.
    let (mut kills, mut stride) = (0, STRIDE);
    while kills < KILLS {
        if killed(&tool, &shop, &mut dice, stride).await {
            kills += 1;
        } else {
            stride = 1;
        }
    }
    tool.start(&SWAPPED).end().await.closed("swapped", 0);
    let db = shop.close().await;
    assert_eq!(db.value("SELECT count(*) FROM chat_messages_default").await, "0");
    let key = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'chat_messages'::regclass AND contype = 'p'";
    assert_eq!(db.value(key).await, "PRIMARY KEY (id, created_at)");
    // What the dead ones had open is gone, and the way back is, too, once it is closed.
    tool.done(&["finish", TABLE, "--drop-source", "--yes", TABLE]).await;
    let sessions = "SELECT count(*) FROM pg_stat_activity \
                    WHERE application_name LIKE 'quarterdeck%' AND datname = current_database()";
    // A server that is busy may need a moment to see that a process has closed its connections and left.
    let gone = async { while db.value(sessions).await != "0" {} };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("a session stays");
    let ours = "SELECT (SELECT count(*) FROM pg_trigger WHERE tgname ~ '^quarterdeck_') \
                + (SELECT count(*) FROM pg_proc WHERE pronamespace = 'quarterdeck'::regnamespace) \
                + (SELECT count(*) FROM pg_class WHERE relname ~ '^log_' AND relkind = 'r') \
                + (SELECT count(*) FROM pg_class WHERE relname ~ '^chat_messages_(old|twin)')";
    assert_eq!(db.value(ours).await, "0");
}

//! What one transaction of the demo's application does: its statements, drawn by chance, as data.
//!
//! Connects to nothing. A change to messages is written once, with `{messages}` for the table, and run on the
//! application's table and on the oracle; what a cascade does to the one is spelt out for the other.

use uuid::Uuid;

use crate::demo::dice::Dice;

/// The table's name as the application writes it: found by its search path.
pub(super) const APPLICATION: &str = "chat_messages";
/// The oracle's name.
pub(super) const ORACLE: &str = "demo_oracle.chat_messages_oracle";

/// A chat session and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chat {
    /// The session's key.
    pub(super) session: Uuid,
    /// Its user's key.
    pub(super) user: Uuid,
}

/// One statement; `$1` … stand for `values`, `None` for NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The statement.
    pub(super) sql: String,
    /// Its parameters, as text; the statement casts them.
    pub(super) values: Vec<Option<String>>,
    /// Where it is run.
    pub(super) on: On,
}

/// Where a step is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    /// Once, as it stands.
    Once,
    /// On both tables in the place of `{messages}`; both must touch equally many rows.
    Both,
}

/// What a worker knows differently once the transaction is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Nothing.
    Same,
    /// There is one more chat.
    Opened(Chat),
    /// The chat is gone.
    Closed(Chat),
    /// There is a user of our own, who will leave again.
    Arrived(Chat),
    /// That user is gone.
    Left(Chat),
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Say,
    Edit,
    EditChat,
    Hide,
    Erase,
    Replace,
    Redate,
    ShiftChat,
    Rekey,
    TakeBack,
    OpenChat,
    CloseChat,
    Arrive,
    Leave,
}

/// How often each kind is drawn, of their sum.
const WEIGHTS: [(Kind, u32); 14] = [
    (Kind::Say, 34),
    (Kind::Edit, 22),
    (Kind::EditChat, 4),
    (Kind::Hide, 4),
    (Kind::Erase, 6),
    (Kind::Replace, 3),
    (Kind::Redate, 6),
    (Kind::ShiftChat, 2),
    (Kind::Rekey, 4),
    (Kind::TakeBack, 3),
    (Kind::OpenChat, 5),
    (Kind::CloseChat, 3),
    (Kind::Arrive, 2),
    (Kind::Leave, 2),
];

/// What a transaction can be about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'a> {
    /// A chat of the worker's own; it belongs to no other worker.
    pub(super) chat: Chat,
    /// Some of its messages.
    pub(super) messages: &'a [Uuid],
    /// A user that the worker brought, if it has one.
    pub(super) guest: Option<Chat>,
    /// Messages may be dated back by so many seconds.
    pub(super) history_s: u32,
}

/// A transaction's statements, and what is different afterwards.
pub(super) fn draw(scene: &Scene<'_>, dice: &mut Dice) -> (Vec<Step>, After) {
    let chat = scene.chat;
    match (kind(dice), dice.one_of(scene.messages).copied(), scene.guest) {
        (Kind::Edit, Some(message), _) => (vec![edit(message, dice)], After::Same),
        (Kind::EditChat, Some(_), _) => (vec![edit_chat(chat)], After::Same),
        (Kind::Hide, Some(message), _) => (vec![hide(message)], After::Same),
        (Kind::Erase, Some(message), _) => {
            (vec![erase(message), event("message.erased", message)], After::Same)
        }
        (Kind::Replace, Some(message), _) => {
            (vec![erase(message), say(chat, &[message], scene.history_s, dice)], After::Same)
        }
        (Kind::Redate, Some(message), _) => (vec![redate(message, scene.history_s, dice)], After::Same),
        (Kind::ShiftChat, Some(_), _) => (vec![shift_chat(chat)], After::Same),
        (Kind::Rekey, Some(message), _) => (vec![rekey(message, dice)], After::Same),
        (Kind::TakeBack, Some(message), _) => (take_back(scene, message, dice), After::Same),
        (Kind::CloseChat, ..) => (close_chat(chat), After::Closed(chat)),
        (Kind::OpenChat, ..) => {
            let opened = Chat { session: dice.uuid(), user: chat.user };
            (open_chat(opened, scene, dice), After::Opened(opened))
        }
        (Kind::Arrive, ..) => {
            let guest = Chat { session: dice.uuid(), user: dice.uuid() };
            (arrive(guest, scene, dice), After::Arrived(guest))
        }
        (Kind::Leave, _, Some(guest)) => (leave(guest), After::Left(guest)),
        // Where there is nothing to change, something is said.
        (
            Kind::Say
            | Kind::Edit
            | Kind::EditChat
            | Kind::Hide
            | Kind::Erase
            | Kind::Replace
            | Kind::Redate
            | Kind::ShiftChat
            | Kind::Rekey
            | Kind::TakeBack
            | Kind::Leave,
            ..,
        ) => (say_some(scene, dice), After::Same),
    }
}

fn kind(dice: &mut Dice) -> Kind {
    let mut left = dice.below(WEIGHTS.iter().map(|(_, weight)| weight).sum());
    for (kind, weight) in WEIGHTS {
        if left < weight {
            return kind;
        }
        left -= weight;
    }
    Kind::Say
}

fn once(sql: &str, values: &[&dyn ToString]) -> Step {
    step(sql, values, On::Once)
}

fn both(sql: &str, values: &[&dyn ToString]) -> Step {
    step(sql, values, On::Both)
}

fn step(sql: &str, values: &[&dyn ToString], on: On) -> Step {
    Step { sql: sql.to_owned(), values: values.iter().map(|v| Some(v.to_string())).collect(), on }
}

fn say_some(scene: &Scene<'_>, dice: &mut Dice) -> Vec<Step> {
    let ids: Vec<Uuid> = (0..[1, 1, 1, 2, 5][dice.below(5) as usize]).map(|_| dice.uuid()).collect();
    vec![say(scene.chat, &ids, scene.history_s, dice), event("message.created", scene.chat.session)]
}

/// New messages in one statement: mostly of now, by the column's default, sometimes dated back.
fn say(chat: Chat, ids: &[Uuid], history_s: u32, dice: &mut Dice) -> Step {
    let dated_back = dice.below(5) == 0;
    let columns = "id, session_id, user_id, role, content, actions, tokens_used, price";
    let dates = if dated_back { ", created_at, updated_at" } else { "" };
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for id in ids {
        let n = values.len();
        let date =
            if dated_back { format!(", now() - ${}::text::interval, now()", n + 9) } else { String::new() };
        rows.push(format!(
            "(${}::text::uuid, ${}::text::uuid, ${}::text::uuid, ${}::text, ${}::text, ${}::text::jsonb, ${}::text::integer, ${}::text::numeric{date})",
            n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7, n + 8
        ));
        values.extend([id, &chat.session, &chat.user].map(|key| Some(key.to_string())));
        values.push(dice.one_of(&["user", "assistant", "system", "tool"]).map(ToString::to_string));
        values.push(Some(content(dice)));
        values.extend([actions(dice), tokens(dice), price(dice)]);
        if dated_back {
            values.push(Some(age(history_s, dice)));
        }
    }
    let sql = format!("INSERT INTO {{messages}} ({columns}{dates}) VALUES {}", rows.join(", "));
    Step { sql, values, on: On::Both }
}

fn edit(message: Uuid, dice: &mut Dice) -> Step {
    let sql = "UPDATE {messages} SET content = $2::text, price = $3::text::numeric, actions = $4::text::jsonb, \
               updated_at = now() WHERE id = $1::text::uuid";
    let values = vec![Some(message.to_string()), Some(content(dice)), price(dice), actions(dice)];
    Step { sql: sql.into(), values, on: On::Both }
}

fn edit_chat(chat: Chat) -> Step {
    let sql = "UPDATE {messages} SET tokens_used = coalesce(tokens_used, 0) + 1, price = round(price, 2) \
               WHERE session_id = $1::text::uuid";
    both(sql, &[&chat.session])
}

fn hide(message: Uuid) -> Step {
    both("UPDATE {messages} SET deleted_at = now() WHERE id = $1::text::uuid", &[&message])
}

fn erase(message: Uuid) -> Step {
    both("DELETE FROM {messages} WHERE id = $1::text::uuid", &[&message])
}

/// Most often into another quarter.
fn redate(message: Uuid, history_s: u32, dice: &mut Dice) -> Step {
    let sql = "UPDATE {messages} SET created_at = now() - $2::text::interval, updated_at = now() \
               WHERE id = $1::text::uuid";
    both(sql, &[&message, &age(history_s, dice)])
}

/// Several rows, some of them over a quarter's edge, in one statement; never before the first quarter.
fn shift_chat(chat: Chat) -> Step {
    let sql = "UPDATE {messages} SET created_at = greatest(created_at - interval '40 days', '2024-01-01 00:00+00') \
               WHERE session_id = $1::text::uuid";
    both(sql, &[&chat.session])
}

fn rekey(message: Uuid, dice: &mut Dice) -> Step {
    let sql = "UPDATE {messages} SET id = $2::text::uuid WHERE id = $1::text::uuid";
    both(sql, &[&message, &dice.uuid()])
}

/// Changes that are undone by a savepoint, and one that stays.
fn take_back(scene: &Scene<'_>, message: Uuid, dice: &mut Dice) -> Vec<Step> {
    let new = dice.uuid();
    vec![
        once("SAVEPOINT thought", &[]),
        say(scene.chat, &[new], scene.history_s, dice),
        erase(message),
        once("ROLLBACK TO SAVEPOINT thought", &[]),
        edit(message, dice),
    ]
}

fn open_chat(chat: Chat, scene: &Scene<'_>, dice: &mut Dice) -> Vec<Step> {
    let sql =
        "INSERT INTO chat_sessions (id, user_id, title) VALUES ($1::text::uuid, $2::text::uuid, $3::text)";
    let ids = [dice.uuid(), dice.uuid(), dice.uuid()];
    vec![
        once(sql, &[&chat.session, &chat.user, &content(dice)]),
        say(chat, &ids, scene.history_s, dice),
        event("session.opened", chat.session),
    ]
}

/// The messages go by the foreign key's cascade; from the oracle they are deleted by name.
fn close_chat(chat: Chat) -> Vec<Step> {
    vec![
        once("DELETE FROM chat_sessions WHERE id = $1::text::uuid", &[&chat.session]),
        once(&format!("DELETE FROM {ORACLE} WHERE session_id = $1::text::uuid"), &[&chat.session]),
        event("session.closed", chat.session),
    ]
}

fn arrive(guest: Chat, scene: &Scene<'_>, dice: &mut Dice) -> Vec<Step> {
    let sql = "INSERT INTO users (id, email, name) VALUES ($1::text::uuid, $2::text, 'Guest')";
    let mut steps = vec![once(sql, &[&guest.user, &format!("{}@example.net", guest.user)])];
    steps.extend(open_chat(guest, scene, dice));
    steps
}

/// Deletes rows that a foreign key without an action refers to, in the order it asks for.
fn leave(guest: Chat) -> Vec<Step> {
    vec![
        both("DELETE FROM {messages} WHERE user_id = $1::text::uuid", &[&guest.user]),
        once("DELETE FROM chat_sessions WHERE user_id = $1::text::uuid", &[&guest.user]),
        once("DELETE FROM users WHERE id = $1::text::uuid", &[&guest.user]),
    ]
}

fn event(kind: &str, about: Uuid) -> Step {
    let sql =
        "INSERT INTO event_outbox (kind, payload) VALUES ($1::text, jsonb_build_object('about', $2::text))";
    once(sql, &[&kind, &about])
}

fn age(history_s: u32, dice: &mut Dice) -> String {
    format!("{} seconds", dice.below(history_s))
}

fn content(dice: &mut Dice) -> String {
    let words = [
        "",
        "aye",
        "'quoted'",
        "back\\slash",
        "$1 in text",
        "naïve",
        "東京",
        "line\nfeed",
        "a longer remark on the weather",
    ];
    let count = dice.below(6);
    (0..count).filter_map(|_| dice.one_of(&words).copied()).collect::<Vec<_>>().join(" ")
}

fn actions(dice: &mut Dice) -> Option<String> {
    let shapes =
        ["[]", "{}", "null", r#"{"n": 1.0}"#, r#"{"n": 1.00, "s": "x"}"#, r#"["a", null, {"b": []}]"#];
    if dice.below(2) == 0 { None } else { dice.one_of(&shapes).map(ToString::to_string) }
}

fn tokens(dice: &mut Dice) -> Option<String> {
    (dice.below(10) > 0).then(|| dice.below(4000).to_string())
}

/// Equal numbers of different scale among them.
fn price(dice: &mut Dice) -> Option<String> {
    dice.one_of(&[None, Some("1"), Some("1.0"), Some("1.00"), Some("0.000"), Some("12.345"), Some("NaN")])
        .copied()
        .flatten()
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all_drawn(messages: &[Uuid], guest: Option<Chat>) -> Vec<(Vec<Step>, After)> {
        let mut dice = Dice::new(1, 1);
        let chat = Chat { session: dice.uuid(), user: dice.uuid() };
        let scene = Scene { chat, messages, guest, history_s: 1000 };
        (0..2000).map(|_| draw(&scene, &mut dice)).collect()
    }

    /// Every way a statement begins, to see that all kinds are drawn.
    fn verbs(drawn: &[(Vec<Step>, After)]) -> BTreeSet<String> {
        let words = |sql: &str| sql.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
        drawn.iter().flat_map(|(steps, _)| steps).map(|step| words(&step.sql)).collect()
    }

    #[test]
    fn every_kind_of_change_is_drawn_and_seeded() {
        let message = Uuid::from_u128(1);
        let guest = Chat { session: Uuid::from_u128(2), user: Uuid::from_u128(3) };
        let drawn = all_drawn(&[message], Some(guest));
        assert_eq!(drawn, all_drawn(&[message], Some(guest)));
        let verbs = verbs(&drawn);
        for verb in [
            "INSERT INTO {messages}",
            "UPDATE {messages} SET",
            "DELETE FROM {messages}",
            "DELETE FROM chat_sessions",
            "DELETE FROM users",
            "INSERT INTO users",
            "SAVEPOINT thought",
        ] {
            assert!(verbs.iter().any(|v| v.starts_with(verb)), "{verb} is never drawn: {verbs:?}");
        }
        let sets: BTreeSet<_> =
            drawn.iter().flat_map(|(s, _)| s).filter_map(|s| s.sql.split(" SET ").nth(1)).collect();
        assert_eq!(sets.len(), 6, "{sets:?}");
    }

    #[test]
    fn without_messages_or_guests_there_is_always_something_to_do() {
        let drawn = all_drawn(&[], None);
        assert!(drawn.iter().all(|(steps, after)| !steps.is_empty() && !matches!(after, After::Left(_))));
    }

    #[test]
    fn every_parameter_has_its_value() {
        for (steps, _) in all_drawn(&[Uuid::from_u128(1)], None) {
            for step in steps {
                let used =
                    (1..=step.values.len()).filter(|n| step.sql.contains(&format!("${n}::text"))).count();
                assert_eq!(used, step.values.len(), "{step:?}");
                assert!(!step.sql.contains(&format!("${}::", step.values.len() + 1)), "{step:?}");
            }
        }
    }
}

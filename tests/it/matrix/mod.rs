//! The kill matrix: at each statement that changes something the tool dies, the server dies, or a COMMIT gets no answer; the
//! command is given again, and the end is that of a run that nothing disturbed.
//!
//! A run of the suite tries some moments, drawn by the seed that it prints. `QUARTERDECK_MATRIX=all` tries each of them and
//! writes `tests/matrix.md`.

mod course;
mod point;

use std::fmt::Write;

use crate::{
    commands::kills::{Dice, seed},
    matrix::{
        course::{COMMANDS, Course},
        point::Fault,
    },
    support::server::{self, Server},
};

/// How many moments of a fault a run of the suite tries.
const SOME: usize = 10;

/// The most moments of a fault.
fn most() -> usize {
    let all = std::env::var("QUARTERDECK_MATRIX").is_ok_and(|said| said == "all");
    if all { usize::MAX } else { SOME }
}

/// What became of the moments of one fault, command by command.
#[derive(Default)]
struct Row {
    tried: usize,
    reached: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_dies_at_whichever_statement_the_end_is_the_same() {
    let dice = || Dice(seed());
    let server = &server::all()[0];
    let most = most();
    // Two at a time: there are not many cores.
    let (tool, rest) = tokio::join!(column(server, &[Fault::Tool], dice(), most), async {
        let mut rows = column(server.another(), &[Fault::Server], dice(), most).await;
        rows.extend(column(server, &[Fault::Answer], dice(), most).await);
        rows
    });
    let rows: Vec<_> = tool.into_iter().chain(rest).collect();
    let table = shown(server, &rows);
    eprintln!("{table}");
    if most == usize::MAX {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/matrix.md"), table).unwrap();
    }
}

/// The moments of some faults on one server.
async fn column(
    server: &'static Server,
    faults: &[Fault],
    mut dice: Dice,
    most: usize,
) -> Vec<(Fault, [Row; COMMANDS.len()])> {
    let course = Course::run(server).await;
    let mut columns = Vec::new();
    for fault in faults {
        let mut points = course.points(*fault);
        eprintln!("{fault}: {} moments", points.len());
        while points.len() > most {
            points.remove(usize::try_from(dice.below(points.len() as u64)).unwrap());
        }
        let mut rows: [Row; COMMANDS.len()] = Default::default();
        for point in &points {
            rows[point.command].tried += 1;
            if course.disturbed(point, *fault).await {
                rows[point.command].reached += 1;
            }
        }
        columns.push((*fault, rows));
    }
    columns
}

fn shown(server: &Server, columns: &[(Fault, [Row; COMMANDS.len()])]) -> String {
    let mut text = format!(
        "# The kill matrix\n\nMade by `QUARTERDECK_MATRIX=all cargo test --test it matrix`, last on PostgreSQL {}. At each statement \
         that changes something, before it and after it, the tool is killed (SIGKILL), or the server (SIGKILL of one of its processes: all \
         sessions end and it recovers from its log), or the COMMIT is done and its answer lost. Application traffic runs meanwhile. Then the command is \
         given again until it is through. In every case the phase, the catalogue's dump and the objects left are those of an undisturbed run, \
         the table equals the oracle, and no statement of the application failed but by the server's own death.\n\nOf a label \
         that comes several times the first and the last are tried.\n\n| command |",
        server.version()
    );
    for (fault, _) in columns {
        write!(text, " {fault} |").unwrap();
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(columns.len()));
    for (at, command) in COMMANDS.iter().enumerate() {
        write!(text, "\n| `{}` |", command.name()).unwrap();
        for (_, rows) in columns {
            write!(text, " {} |", rows[at].reached).unwrap();
        }
    }
    let sum = |count: fn(&Row) -> usize| -> usize {
        columns.iter().flat_map(|(_, rows)| rows.iter().map(count)).sum()
    };
    let (tried, reached) = (sum(|row| row.tried), sum(|row| row.reached));
    let rest = tried - reached;
    write!(text, "\n\n{reached} deaths and lost answers; {rest} moments were drawn that did not come again, by the order of things.\n").unwrap();
    text
}

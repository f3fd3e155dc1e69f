//! `quarterdeck demo`: a throw-away server with live traffic, converted by itself or from the console.
//!
//! Whatever way it ends, server and folder are gone afterwards unless `--keep` was given: [`Demo::finish`] is asked
//! on every way out, and the demo's keeper does it where this process is killed.

mod by_itself;
mod summary;

use chrono::Utc;

use crate::{
    cli::{
        args::{self, Args},
        commands::Face,
        console,
        exit::STOPPED,
        output::json,
        print,
        signals::Signals,
    },
    demo::{Afterwards, Demo, Options},
    error::Result,
};

/// Carries the demo out; the exit code.
pub(super) async fn run(args: &Args, flags: &args::Demo) -> Result<u8> {
    let face = Face::of(flags.ui);
    let result = show(args, flags, face).await;
    if let (Err(error), Face::Json) = (&result, face) {
        for line in json::closing("demo", error, Utc::now()) {
            print::line(&line);
        }
    }
    result
}

async fn show(args: &Args, flags: &args::Demo, face: Face) -> Result<u8> {
    let mut signals = Signals::listen()?;
    let say = |words: &str| match face {
        Face::Plain => print::line(words),
        Face::Console | Face::Json => print::note(words),
    };
    let options = options(flags);
    let mut demo = tokio::select! {
        demo = Demo::start(&options, &say) => demo?,
        () = signals.next() => {
            if face == Face::Json {
                print::line(&summary::closed("stopped", STOPPED));
            }
            print::note("interrupted: what was made of the demo is removed");
            return Ok(STOPPED);
        }
    };
    let code = match face {
        Face::Console => console::of_demo(args, &mut demo).await,
        Face::Plain | Face::Json => by_itself::convert(&mut demo, face, &mut signals).await,
    };
    // Removed whatever came of it; the first error is the one to tell.
    let kept = demo.finish().await;
    let code = code?;
    if let Some(kept) = kept? {
        say(&format!("the server goes on at {}; to stop and remove it: {}", kept.conninfo, kept.how_to_stop));
    }
    Ok(code)
}

fn options(flags: &args::Demo) -> Options {
    Options {
        rows: flags.rows,
        tps: flags.tps,
        seed: flags.seed,
        pg_bin: flags.pg_bin.clone(),
        afterwards: if flags.keep { Afterwards::Keep } else { Afterwards::Remove },
    }
}

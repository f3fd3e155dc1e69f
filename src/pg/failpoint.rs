//! Failpoints: moments right before and right after each statement that changes something, at which a test ends the tool,
//! the server, or a connection whose COMMIT then has no answer.
//!
//! Only with the cargo feature `failpoints`, which the tests switch on: a build that is shipped has nothing of it. A point is a
//! statement's label and how often it came in this process, from 1. The environment says what is to happen:
//!
//! * `QUARTERDECK_FAILPOINT="before 2 commit chunk"` (or `after`, or `unanswered`: the server has committed, nobody is told).
//! * `QUARTERDECK_FAILPOINT_RUN`: the shell's command to run there; without it the process is killed.
//! * `QUARTERDECK_FAILPOINT_LIST`: the file to which each point is appended as it comes: `change` or `commit`, and its label.

#[cfg(feature = "failpoints")]
pub(super) use armed::Point;
#[cfg(not(feature = "failpoints"))]
pub(super) use unarmed::Point;

#[cfg(not(feature = "failpoints"))]
mod unarmed {
    /// Nothing.
    pub(in crate::pg) struct Point;

    impl Point {
        /// Nothing is in the way of a statement.
        pub(in crate::pg) const fn reach(_label: &'static str, _sql: &str) -> Self {
            Self
        }

        /// Nor of one that changes something whatever its text is.
        pub(in crate::pg) const fn change(_label: &'static str) -> Self {
            Self
        }

        /// Nor of a COMMIT.
        pub(in crate::pg) const fn commit(_label: &'static str) -> Self {
            Self
        }

        /// Nor behind it.
        pub(in crate::pg) const fn passed(self) {}
    }
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::{
        collections::HashMap,
        fs::{File, OpenOptions},
        io::Write,
        process::Command,
        sync::{LazyLock, Mutex, PoisonError},
    };

    static SET: LazyLock<Set> = LazyLock::new(Set::from_environment);

    /// What the environment says.
    struct Set {
        armed: Option<Armed>,
        run: Option<String>,
        list: Option<File>,
        /// How often each label came.
        came: Mutex<HashMap<&'static str, u32>>,
    }

    /// Where something is to happen.
    struct Armed {
        moment: String,
        number: u32,
        label: String,
    }

    /// A statement on its way.
    pub(in crate::pg) struct Point(Option<(&'static str, u32)>);

    impl Point {
        /// Right before a statement; it is a point only where the text changes something.
        pub(in crate::pg) fn reach(label: &'static str, sql: &str) -> Self {
            if changes(sql) { Self::change(label) } else { Self(None) }
        }

        /// Right before a statement that changes something.
        pub(in crate::pg) fn change(label: &'static str) -> Self {
            Self::come("change", label)
        }

        /// Right before a COMMIT.
        pub(in crate::pg) fn commit(label: &'static str) -> Self {
            Self::come("commit", label)
        }

        fn come(kind: &str, label: &'static str) -> Self {
            let number = SET.came(kind, label);
            if SET.is(label, number, "before") {
                SET.happen();
            }
            Self(Some((label, number)))
        }

        /// Whether the answer of this COMMIT is to be lost.
        pub(in crate::pg) fn is_unanswered(&self) -> bool {
            let is = self.0.is_some_and(|(label, number)| SET.is(label, number, "unanswered"));
            if is && SET.run.is_some() {
                SET.happen();
            }
            is
        }

        /// Right behind it.
        pub(in crate::pg) fn passed(self) {
            if self.0.is_some_and(|(label, number)| SET.is(label, number, "after")) {
                SET.happen();
            }
        }
    }

    impl Set {
        fn from_environment() -> Self {
            let said = |name: &str| std::env::var(name).ok();
            let armed =
                said("QUARTERDECK_FAILPOINT").map(|text| match text.splitn(3, ' ').collect::<Vec<_>>()[..] {
                    [moment, number, label] => {
                        let number = number.parse().unwrap_or_else(|error| cannot(&text, &error));
                        Armed { moment: moment.into(), number, label: label.into() }
                    }
                    _ => cannot(&text, &"moment, number and label are wanted"),
                });
            let open = |path: &String| OpenOptions::new().create(true).append(true).open(path);
            let list = said("QUARTERDECK_FAILPOINT_LIST")
                .map(|path| open(&path).unwrap_or_else(|error| cannot(&path, &error)));
            Self { armed, run: said("QUARTERDECK_FAILPOINT_RUN"), list, came: Mutex::default() }
        }

        fn came(&self, kind: &str, label: &'static str) -> u32 {
            let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
            let number = came.entry(label).or_default();
            *number += 1;
            if let Some(mut list) = self.list.as_ref() {
                writeln!(list, "{kind} {label}").unwrap_or_else(|error| cannot(label, &error));
            }
            *number
        }

        fn is(&self, label: &str, number: u32, moment: &str) -> bool {
            self.armed
                .as_ref()
                .is_some_and(|armed| armed.label == label && armed.number == number && armed.moment == moment)
        }

        /// No task of this process goes on meanwhile but those that run on other threads.
        fn happen(&self) {
            if let Some(command) = &self.run {
                let status = Command::new("sh").args(["-c", command]).status();
                let status = status.unwrap_or_else(|error| cannot(command, &error));
                if !status.success() {
                    cannot(command, &status);
                }
                return;
            }
            let own = rustix::process::getpid();
            let sent = rustix::process::kill_process(own, rustix::process::Signal::KILL);
            sent.unwrap_or_else(|error| cannot("SIGKILL", &error));
            std::thread::park();
        }
    }

    /// A failpoint that cannot do its work must not let a test pass.
    fn cannot(what: &str, why: &dyn std::fmt::Display) -> ! {
        tracing::error!(what, %why, "failpoint");
        std::process::abort()
    }

    /// Whether a text changes anything: settings, locks and savepoints do not, nor does reading.
    fn changes(sql: &str) -> bool {
        let mut lines =
            sql.lines().map(str::trim).skip_while(|line| line.is_empty() || line.starts_with("--"));
        let first = lines.next().unwrap_or_default();
        let word = first.split([' ', ';']).next().unwrap_or_default();
        match word {
            "SELECT" | "SHOW" | "SAVEPOINT" | "ROLLBACK" | "RELEASE" => false,
            "WITH" => ["INSERT INTO", "UPDATE ", "DELETE FROM"].iter().any(|verb| sql.contains(verb)),
            "SET" | "LOCK" => sql.split(';').any(|one| {
                let word = one.trim().split(' ').next().unwrap_or_default();
                !matches!(word, "SET" | "LOCK" | "")
            }),
            _ => true,
        }
    }
}

//! Integration tests against real servers; `support` starts one per PostgreSQL version and gives each test its own
//! database. `QUARTERDECK_TEST_PG` lists the bin folders to test against (colon-separated).

#[cfg(test)]
mod adopt;
#[cfg(test)]
mod attached;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod capture;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod connect;
#[cfg(test)]
mod console;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod everything;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod health;
#[cfg(test)]
mod holes;
#[cfg(test)]
mod id_kinds;
#[cfg(test)]
mod ids;
#[cfg(test)]
mod incoming;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod maintain;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod mirror;
#[cfg(test)]
mod names;
#[cfg(test)]
mod online;
mod plan;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod pooler;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod rename;
#[cfg(test)]
mod repartition;
#[cfg(test)]
mod retain;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod succession;
#[cfg(test)]
mod support;
#[cfg(test)]
mod swap;
#[cfg(test)]
#[path = "../terminal/mod.rs"]
mod terminal;
#[cfg(test)]
mod throttle;
#[cfg(test)]
mod twin;
#[cfg(test)]
mod verify;

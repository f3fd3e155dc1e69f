//! What is attached to a table, beside its columns, keys and triggers, and goes with the name: plain data.

use serde::{Deserialize, Serialize};

use crate::model::ident::{Ident, QualifiedName};

/// Settings of the whole table and objects that belong to it.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Attached {
    /// The tablespace, other than the database's.
    pub tablespace: Option<Ident>,
    /// The index of `CLUSTER ON`.
    pub clustered_on: Option<Ident>,
    /// The index of `REPLICA IDENTITY USING INDEX`.
    pub identity_index: Option<Ident>,
    /// Whether policies are asked.
    pub row_security: RowSecurity,
    /// Row security policies.
    pub policies: Vec<Policy>,
    /// Extended statistics objects.
    pub statistics: Vec<Statistics>,
    /// Publications that name the table.
    pub publications: Vec<Publication>,
}

/// Row level security. FORCE can be set without ENABLE, and then does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RowSecurity {
    /// Policies are asked, for everybody but the owner.
    pub enabled: bool,
    /// The owner is no exception.
    pub forced: bool,
}

impl RowSecurity {
    /// Whether even the owner sees what the policies let through, and no more.
    pub fn binds_the_owner(self) -> bool {
        self.enabled && self.forced
    }
}

/// A row security policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: Ident,
    /// What follows `CREATE POLICY name ON table `.
    pub definition: String,
    /// Comment.
    pub comment: Option<String>,
}

/// An extended statistics object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Its name.
    pub name: QualifiedName,
    /// Its kinds, `(ndistinct, mcv)`, or nothing where it is of one expression.
    pub kinds: String,
    /// Columns and expressions.
    pub of: String,
    /// `stxstattarget` other than the default.
    pub target: Option<i32>,
    /// Comment.
    pub comment: Option<String>,
}

/// A publication that names the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Its name.
    pub name: Ident,
    /// `publish_via_partition_root`.
    pub by_root: bool,
    /// Whether it publishes UPDATE or DELETE, which need a replica identity.
    pub needs_identity: bool,
    /// The columns published, where a list says so.
    pub columns: Option<Vec<Ident>>,
    /// The condition for a row to be published.
    pub filter: Option<String>,
}

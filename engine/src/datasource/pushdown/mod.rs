//! Filter pushdown: offers a Python reader exactly the filters that Spark offers it (FLT-CALL), and applies what it returns.
//!
//! [`plan::plan_reads`] is a pass over the analysed logical plan, before DataFusion's own rules, which forget distinctions that
//! Spark keeps (`IN` and a chain of `OR`, for one). It moves each condition to the scans that it concerns ([`descend`]), brings
//! it into the form that Catalyst would ([`normal`]), adds the null checks that Catalyst infers ([`constraints`]), and offers
//! what converts ([`convert`]) to the reader. What the reader keeps is not applied again; all else stays above the scan.

mod constants;
mod constraints;
mod convert;
mod descend;
pub mod filter;
mod hash_order;
mod like;
mod normal;
mod path;
mod plan;
mod propagate;
mod prune;
pub(crate) mod python;
mod rows;
mod table;
mod unwrap_cast;

#[cfg(test)]
mod tests;

pub(crate) use constants::is_constant;
pub(crate) use plan::plan_reads;

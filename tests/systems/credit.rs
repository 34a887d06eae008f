//! Accounts and probes of credit: rows that ask who learns from what, and how well.

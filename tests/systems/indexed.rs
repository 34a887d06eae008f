//! Rules with indices, matrices and competition.

//! Local rules with traces, averages and modulators.

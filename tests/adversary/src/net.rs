//! Servers on this machine, which count who connects and remember what was asked.

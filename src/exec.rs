//! Running a stage's command.

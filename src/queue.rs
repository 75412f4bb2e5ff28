//! Which of the waiting runs may start, and why the others wait: order of arrival, superseding, holds, deploy windows,
//! room on the machine. Decided from facts alone.

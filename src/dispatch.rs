//! Gives waiting runs to agents: looks at the queue, decides, supersedes, and says why the others wait.

-- runs that are told of and not to their end, among all that ever were
CREATE INDEX told_unfinished ON told (run) WHERE finished = 0;

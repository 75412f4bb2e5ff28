-- runs that are told of and not to their end, among all that ever were
CREATE INDEX told_unfinished ON told (run) WHERE finished = 0;
-- refusals among the tries of a saying, which are counted apart
ALTER TABLE outbox ADD COLUMN refusals BIGINT NOT NULL DEFAULT 0;

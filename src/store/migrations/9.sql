-- lines that were put again, as their group cannot be read
ALTER TABLE log_cursors ADD COLUMN perhaps_twice BIGINT NOT NULL DEFAULT 0;

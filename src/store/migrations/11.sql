-- why an open run could not be driven, and when that is tried again
ALTER TABLE runs ADD COLUMN setback TEXT;

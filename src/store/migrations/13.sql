-- why an agent takes no run at the moment, as it said last
ALTER TABLE agents ADD COLUMN obstacle TEXT;

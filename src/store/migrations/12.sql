-- the commit of the default branch whose environment files the run is applied with, wherever it goes on
ALTER TABLE runs ADD COLUMN policy TEXT;

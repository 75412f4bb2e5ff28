-- the delivery that an answer came with: one delivery is never two answers
ALTER TABLE answers ADD COLUMN delivery TEXT;
CREATE UNIQUE INDEX answers_by_delivery ON answers (delivery);

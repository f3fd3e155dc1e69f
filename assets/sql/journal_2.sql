-- What version 2 of the journal has more than version 1.
ALTER TABLE quarterdeck.migration ADD COLUMN limits jsonb NOT NULL DEFAULT '[]';
UPDATE quarterdeck.version SET version = 2;

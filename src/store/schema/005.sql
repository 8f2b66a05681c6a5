-- Schema 5: up to when statements were made, for each target, recipient and kind of period.
CREATE TABLE statement (
	target TEXT NOT NULL,
	recipient TEXT NOT NULL,
	period TEXT NOT NULL,
	until INTEGER NOT NULL,
	PRIMARY KEY (target, recipient, period)
) STRICT, WITHOUT ROWID;

-- Schema 2: what is decided about entries and [quota]s from one run to the next.
-- known_until: when the kernel's table changes by itself; known_clock: the boot time by the clock of that run.
ALTER TABLE state ADD COLUMN known_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN known_clock INTEGER NOT NULL DEFAULT 0;

-- struct policy_state; no row: nothing was decided yet.
CREATE TABLE policy (
	entry INTEGER PRIMARY KEY REFERENCES entry (id) ON DELETE CASCADE,
	cycle_start INTEGER NOT NULL,
	cycle_end INTEGER NOT NULL,
	told INTEGER NOT NULL,
	quota INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	expiry_told INTEGER NOT NULL,
	burst_until INTEGER NOT NULL
) STRICT;

-- What `portflow quota` did, by the cycle it was done for: another reset day and back again finds it again.
CREATE TABLE adjustment (
	entry INTEGER NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
	start INTEGER NOT NULL,
	until INTEGER NOT NULL,
	extra INTEGER NOT NULL CHECK (extra >= 0),
	correction INTEGER NOT NULL,
	who TEXT NOT NULL,
	time INTEGER NOT NULL,
	PRIMARY KEY (entry, start, until)
) STRICT, WITHOUT ROWID;

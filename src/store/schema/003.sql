-- Schema 3: the minor number of the class that an entry waits in; 0 none yet. It stays with the entry while nobody else needs it.
ALTER TABLE entry ADD COLUMN class INTEGER NOT NULL DEFAULT 0;

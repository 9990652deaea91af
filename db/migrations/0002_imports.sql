-- What imports keep: how far each one is, what it has read, and rows on their way in.

-- What a collection's source says of itself, besides the day of its data.
ALTER TABLE collections
    ADD COLUMN source_name text,
    ADD COLUMN language text,
    ADD COLUMN checksum text;

-- One row for each source of a collection.  `position` is where the source goes on; it is written in
-- the same transaction as what came before it.  `skipped` holds counts and examples by reason.
CREATE TABLE imports (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
    kind text NOT NULL,
    location text NOT NULL CHECK (octet_length(location) <= 2048),
    updating boolean NOT NULL DEFAULT false,
    position jsonb,
    added bigint NOT NULL DEFAULT 0,
    known bigint NOT NULL DEFAULT 0,
    skipped jsonb NOT NULL DEFAULT '{}',
    started_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT imports_identity UNIQUE (collection_id, kind, location)
);

-- The pictures that a running import has read, so that one on many pages is read once, whenever the
-- import is stopped.  `key` is a digest of the source's own; `reason` says why there are no hashes.
CREATE TABLE import_pictures (
    import_id integer NOT NULL REFERENCES imports ON DELETE CASCADE,
    key uuid NOT NULL,
    dhash bigint,
    phash bigint,
    reason text,
    PRIMARY KEY (import_id, key),
    CHECK ((dhash IS NULL) = (reason IS NOT NULL))
);

-- What an import that updates a collection has come across; the rest goes in the end.
CREATE TABLE import_seen (
    import_id integer NOT NULL REFERENCES imports ON DELETE CASCADE,
    image_id integer NOT NULL,
    page_id integer NOT NULL,
    PRIMARY KEY (import_id, image_id, page_id)
);

-- Rows of hashes on their way in, of one import at a time, and how far that one is.  Unlogged: after
-- a crash of the server both are empty, and the import begins anew.
CREATE UNLOGGED TABLE staged (
    dhash bigint NOT NULL,
    title text COLLATE "C" NOT NULL
) WITH (autovacuum_enabled = off);

CREATE UNLOGGED TABLE staged_for (
    import_id integer PRIMARY KEY,
    position jsonb,
    rows bigint NOT NULL DEFAULT 0,
    skipped jsonb NOT NULL DEFAULT '{}',
    complete boolean NOT NULL DEFAULT false
);

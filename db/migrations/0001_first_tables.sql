-- The tables of the first version.
--
-- They are made for tens of millions of pictures: rows are narrow, ids are four bytes wide, and
-- every index is one that a statement in db/statements uses.

CREATE TABLE collections (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('wiki', 'server')),
    name text NOT NULL UNIQUE CHECK (name <> ''),
    guild_id bigint UNIQUE,
    page_url_template text NOT NULL,
    as_of date,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- How much it holds.  Kept by whoever writes, under a lock on this row, because counting tens
    -- of millions of rows takes too long to be asked for in passing.
    images bigint NOT NULL DEFAULT 0,
    pages bigint NOT NULL DEFAULT 0,
    appearances bigint NOT NULL DEFAULT 0,
    CHECK ((kind = 'server') = (guild_id IS NOT NULL))
);

-- The octet limits keep the unique keys below what a B-tree page can hold (2,704 bytes).
CREATE TABLE images (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
    dhash bigint NOT NULL,
    phash bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    page_count integer NOT NULL DEFAULT 0,
    file text CHECK (octet_length(file) BETWEEN 1 AND 1024),
    CONSTRAINT images_identity UNIQUE NULLS NOT DISTINCT (collection_id, dhash, phash, file)
);

CREATE TABLE pages (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
    title text NOT NULL CHECK (octet_length(title) BETWEEN 1 AND 512),
    url text CHECK (octet_length(url) BETWEEN 1 AND 2048),
    CONSTRAINT pages_identity UNIQUE NULLS NOT DISTINCT (collection_id, title, url)
);

CREATE TABLE appearances (
    image_id integer NOT NULL REFERENCES images ON DELETE CASCADE,
    page_id integer NOT NULL REFERENCES pages ON DELETE CASCADE,
    PRIMARY KEY (image_id, page_id)
);

CREATE INDEX appearances_page_id ON appearances (page_id);

-- The audit.  It copies what it tells about, so that a line still says everything, and can be
-- undone, when the picture is gone.
CREATE TABLE additions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch bigint NOT NULL,
    action text NOT NULL CHECK (action IN ('add', 'remove')),
    collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
    image_id integer NOT NULL,
    dhash bigint NOT NULL,
    phash bigint,
    file text,
    title text NOT NULL,
    url text,
    user_id bigint,
    guild_id bigint,
    channel_id bigint,
    message_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    undone_at timestamptz,
    undone_by bigint
);

CREATE INDEX additions_collection_id ON additions (collection_id, id);
CREATE INDEX additions_dhash ON additions (collection_id, dhash);
CREATE INDEX additions_batch ON additions (batch);

CREATE SEQUENCE additions_batches;

-- What bulk work keeps.

-- What a step of the audit was for, where its lines alone would not tell: a merge and a renaming add
-- and remove in one, and an import adds what is on a list.
ALTER TABLE additions ADD COLUMN purpose text CHECK (purpose IN ('merge', 'rename', 'import'));

-- Pairs of pictures that look alike and were kept apart by somebody who looked at them.  A picture is
-- known here by a digest of its hashes and its file, so that it is the same one when an undo or an
-- import brings it back under a new number.
CREATE TABLE kept_apart (
    collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
    one uuid NOT NULL,
    other uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (collection_id, one, other),
    CHECK (one < other)
);

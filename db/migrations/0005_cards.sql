-- What wikis say of their pages and files, kept for a while; and where each wiki's API is.

ALTER TABLE collections ADD COLUMN api_url text CHECK (octet_length(api_url) BETWEEN 1 AND 500);

-- The question is the SHA-256 of what was asked of whom.
CREATE TABLE cards (
    question bytea PRIMARY KEY CHECK (octet_length(question) = 32),
    card jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX cards_expires_at ON cards (expires_at);

-- A server's own rules, what its watch has seen, and who wants nothing stored about them.

-- A server without a row goes by the defaults, which are those of db.rules.Rules.  Empty lists mean
-- everywhere, or every collection.
CREATE TABLE rules (
    guild_id bigint PRIMARY KEY,
    channels bigint[] NOT NULL,
    style text NOT NULL CHECK (style IN ('public', 'private', 'fleeting')),
    minutes integer NOT NULL CHECK (minutes BETWEEN 1 AND 60),
    strictness text NOT NULL CHECK (strictness IN ('exact', 'close', 'possible')),
    language text,
    collections text[] NOT NULL,
    moderator_role bigint,
    prefix text,
    restricted text NOT NULL CHECK (restricted IN ('never', 'asked', 'always')),
    watched bigint[] NOT NULL,
    watch_emoji text,
    watch_own boolean NOT NULL,
    watch_days integer NOT NULL CHECK (watch_days BETWEEN 0 AND 30),
    watch_leeway integer NOT NULL CHECK (watch_leeway BETWEEN 0 AND 720),
    watch_log bigint,
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- Pictures that were posted where a server has the watch look, for so many days as its rules say.
-- `watched_id` is the channel that the rules name, and `channel_id` where the message is: the same,
-- or a thread in it.
CREATE TABLE sightings (
    message_id bigint NOT NULL,
    place integer NOT NULL,
    guild_id bigint NOT NULL,
    watched_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    user_id bigint NOT NULL,
    dhash bigint NOT NULL,
    phash bigint NOT NULL,
    look bytea NOT NULL CHECK (octet_length(look) BETWEEN 1 AND 64),
    posted_at timestamptz NOT NULL,
    PRIMARY KEY (message_id, place)
);

CREATE INDEX sightings_watched ON sightings (guild_id, watched_id, posted_at);
CREATE INDEX sightings_user ON sightings (user_id);

-- Members about whom nothing is stored but that.
CREATE TABLE opted_out (
    user_id bigint PRIMARY KEY,
    since timestamptz NOT NULL DEFAULT now()
);

-- What is stored about a member is found, and forgotten, by them.
CREATE INDEX additions_user_id ON additions (user_id);
CREATE INDEX additions_undone_by ON additions (undone_by) WHERE undone_by IS NOT NULL;

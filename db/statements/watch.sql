-- What the watch has seen, and looking it up.

-- The channel's pictures within some bits of a hash, the nearest first, and how many there are at
-- all.  Those of the same message are left out: nobody posts again what they are posting.
--
-- name: sightings_near
SELECT s.message_id, s.place, s.channel_id, s.user_id, s.dhash, s.phash, s.look, s.posted_at,
    (s.dhash <-> $4::bigint)::integer AS distance, counted.images
FROM (
    SELECT count(*) AS images
    FROM sightings c
    WHERE c.guild_id = $1::bigint AND c.watched_id = $2::bigint AND c.posted_at >= $3::timestamptz
) counted
JOIN sightings s ON s.guild_id = $1::bigint AND s.watched_id = $2::bigint
    AND s.posted_at >= $3::timestamptz
WHERE (s.dhash <-> $4::bigint) <= $5::integer AND s.message_id <> $6::bigint
ORDER BY distance, s.posted_at
LIMIT $7;

-- Nothing is written of a member who opted out meanwhile; see `member_hold`.
--
-- name: sighting_add
INSERT INTO sightings (message_id, place, guild_id, watched_id, channel_id, user_id, dhash, phash,
    look, posted_at)
SELECT $1, $2, $3, $4, $5, $6::bigint, $7, $8, $9, $10
WHERE NOT EXISTS (SELECT FROM opted_out o WHERE o.user_id = $6::bigint)
ON CONFLICT DO NOTHING;

-- name: sightings_drop_messages
DELETE FROM sightings WHERE guild_id = $1 AND message_id = ANY ($2::bigint[]);

-- name: sightings_drop_channel
DELETE FROM sightings
WHERE guild_id = $1::bigint AND (channel_id = $2::bigint OR watched_id = $2::bigint);

-- name: sightings_drop_server
DELETE FROM sightings WHERE guild_id = $1;

-- What no rule keeps: of all servers, or of one.
--
-- name: sightings_sweep
DELETE FROM sightings s
WHERE ($1::bigint IS NULL OR s.guild_id = $1::bigint)
    AND NOT EXISTS (
        SELECT FROM rules r
        WHERE r.guild_id = s.guild_id AND s.watched_id = ANY (r.watched)
            AND s.posted_at >= now() - r.watch_days * interval '1 day'
    );

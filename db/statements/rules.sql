-- The rules of servers.

-- name: rules_all
SELECT guild_id, channels, style, minutes, strictness, language, collections, moderator_role, prefix,
    restricted, watched, watch_emoji, watch_own, watch_days, watch_leeway, watch_log
FROM rules;

-- name: rules_of
SELECT guild_id, channels, style, minutes, strictness, language, collections, moderator_role, prefix,
    restricted, watched, watch_emoji, watch_own, watch_days, watch_leeway, watch_log
FROM rules
WHERE guild_id = $1;

-- name: rules_put
INSERT INTO rules (guild_id, channels, style, minutes, strictness, language, collections,
    moderator_role, prefix, restricted, watched, watch_emoji, watch_own, watch_days, watch_leeway,
    watch_log)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (guild_id) DO UPDATE
SET channels = excluded.channels, style = excluded.style, minutes = excluded.minutes,
    strictness = excluded.strictness, language = excluded.language,
    collections = excluded.collections, moderator_role = excluded.moderator_role,
    prefix = excluded.prefix, restricted = excluded.restricted, watched = excluded.watched,
    watch_emoji = excluded.watch_emoji, watch_own = excluded.watch_own,
    watch_days = excluded.watch_days, watch_leeway = excluded.watch_leeway,
    watch_log = excluded.watch_log, changed_at = now();

-- name: rules_drop
DELETE FROM rules WHERE guild_id = $1;

-- Wikis, and the collections of servers.

-- name: collections_visible
SELECT id, name, kind, guild_id, page_url_template, as_of, source_name, language, checksum,
    api_url, imported_on
FROM collections
WHERE kind = 'wiki' OR guild_id = $1::bigint
ORDER BY kind DESC, name;

-- name: collections_all
SELECT id, name, kind, guild_id, page_url_template, as_of, source_name, language, checksum,
    api_url, imported_on
FROM collections
ORDER BY kind DESC, name;

-- name: collection_named
SELECT id, name, kind, guild_id, page_url_template, as_of, source_name, language, checksum,
    api_url, imported_on
FROM collections
WHERE name = $1;

-- name: wiki_ensure
INSERT INTO collections (kind, name, page_url_template, as_of)
VALUES ('wiki', $1, $2, $3)
ON CONFLICT (name) DO UPDATE
SET page_url_template = excluded.page_url_template,
    as_of = coalesce(excluded.as_of, collections.as_of)
WHERE collections.kind = 'wiki'
RETURNING id, name, kind, guild_id, page_url_template, as_of, source_name, language, checksum,
    api_url, imported_on;

-- name: server_find
SELECT id, name, kind, guild_id, page_url_template, as_of, source_name, language, checksum,
    api_url, imported_on
FROM collections
WHERE guild_id = $1 AND page_url_template = $2;

-- Without saying which key: two who make it at once may meet at either of its unique ones.
--
-- name: server_make
INSERT INTO collections (kind, name, guild_id, page_url_template)
VALUES ('server', 'server-' || $1::bigint, $1::bigint, $2)
ON CONFLICT DO NOTHING;

-- name: server_update
UPDATE collections SET page_url_template = $2
WHERE guild_id = $1
RETURNING id, name, kind, guild_id, page_url_template, as_of, source_name, language, checksum,
    api_url, imported_on;

-- name: collection_stats
SELECT id, name, kind, guild_id, page_url_template, as_of, source_name, language, checksum,
    api_url, imported_on, images, pages, appearances
FROM collections
WHERE id = ANY ($1::bigint[])
ORDER BY kind DESC, name;

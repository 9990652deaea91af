-- Building `images`, `pages` and `appearances` anew beside the old ones, in a schema of their own, and
-- putting them in their place.  Names are kept, since each schema has its own.

-- Whether that may be done here: what is stored is little, and none of it in the collection; the
-- tables are ours, have nothing that we did not make, and nothing else leans on them.
--
-- name: rebuild_possible
SELECT
    (SELECT count(*) FROM (SELECT FROM images LIMIT $2::bigint + 1) few) <= $2::bigint
    AND (SELECT count(*) FROM (SELECT FROM pages LIMIT $2::bigint + 1) few) <= $2::bigint
    AND (SELECT count(*) FROM (SELECT FROM appearances LIMIT $2::bigint + 1) few) <= $2::bigint
    AND NOT EXISTS (SELECT FROM images WHERE collection_id = $1::bigint)
    AND NOT EXISTS (SELECT FROM pages WHERE collection_id = $1::bigint)
    AND has_database_privilege(current_database(), 'CREATE')
    AND to_regnamespace('whereis_rebuild') IS NULL
    AND NOT EXISTS (
        SELECT FROM pg_class c
        WHERE c.oid = ANY (t.tables) AND (
            NOT pg_has_role(c.relowner, 'USAGE') OR c.relrowsecurity OR c.relkind <> 'r'
            OR c.relispartition OR c.relhasrules
        )
    )
    AND NOT EXISTS (
        SELECT FROM pg_trigger g WHERE g.tgrelid = ANY (t.tables) AND NOT g.tgisinternal
    )
    AND NOT EXISTS (
        SELECT FROM pg_constraint f
        WHERE f.confrelid = ANY (t.tables) AND NOT f.conrelid = ANY (t.tables)
    )
    AND NOT EXISTS (SELECT FROM pg_publication_rel r WHERE r.prrelid = ANY (t.tables))
    AND NOT EXISTS (
        SELECT FROM pg_inherits h WHERE h.inhparent = ANY (t.tables) OR h.inhrelid = ANY (t.tables)
    )
    -- Views: their rules depend on the tables.
    AND NOT EXISTS (
        SELECT FROM pg_depend d
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
            AND d.refobjid = ANY (t.tables)
    ) AS possible
FROM (
    SELECT ARRAY['public.images', 'public.pages', 'public.appearances']::regclass[]::oid[] AS tables
) t;

-- name: rebuild_schema
CREATE SCHEMA whereis_rebuild;

-- name: rebuild_images
CREATE TABLE whereis_rebuild.images (LIKE public.images
    INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY INCLUDING STORAGE
    INCLUDING COMMENTS);

-- name: rebuild_pages
CREATE TABLE whereis_rebuild.pages (LIKE public.pages
    INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY INCLUDING STORAGE
    INCLUDING COMMENTS);

-- name: rebuild_appearances
CREATE TABLE whereis_rebuild.appearances (LIKE public.appearances
    INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY INCLUDING STORAGE
    INCLUDING COMMENTS);

-- Ids are taken from the old tables' sequences while nobody inserts there.
--
-- name: rebuild_hold_images
LOCK TABLE public.images IN SHARE ROW EXCLUSIVE MODE;

-- name: rebuild_hold_pages
LOCK TABLE public.pages IN SHARE ROW EXCLUSIVE MODE;

-- name: rebuild_reserve
SELECT setval(s.name, f.first + $2::bigint) - $2::bigint AS base
FROM (SELECT pg_get_serial_sequence($1::text, 'id')::regclass AS name) s
CROSS JOIN LATERAL (SELECT nextval(s.name) AS first) f;

-- Enough ids, perhaps a few too many.
--
-- name: rebuild_count_pages
SELECT (SELECT count(*) FROM pg_temp.staged_titles)
    + (SELECT count(*) FROM pg_temp.cleaned WHERE page IS NOT NULL) AS rows;

-- What a title is stored as may be there as a title of its own, which is then in the form in which
-- titles are stored.
--
-- name: rebuild_fill_pages
INSERT INTO whereis_rebuild.pages (id, collection_id, title) OVERRIDING SYSTEM VALUE
SELECT $2::bigint + row_number() OVER (ORDER BY title), $1::bigint, title
FROM (
    SELECT t.title
    FROM pg_temp.staged_titles t
    WHERE NOT EXISTS (SELECT FROM pg_temp.cleaned c WHERE c.title = t.title)
    UNION ALL
    SELECT DISTINCT c.page
    FROM pg_temp.cleaned c
    WHERE c.page IS NOT NULL
        AND NOT EXISTS (SELECT FROM pg_temp.staged_titles t WHERE t.title = c.page)
) all_titles;

-- name: rebuild_analyze_pages
ANALYZE whereis_rebuild.pages (title);

-- The pictures with their pages, in the order of the hashes; `rank` numbers the pictures, `first` is
-- true once for each.  A title that is stored as another one is no page's title, so the first join
-- leaves those out.
--
-- name: rebuild_pairs
CREATE UNLOGGED TABLE whereis_rebuild.pairs AS
SELECT (dense_rank() OVER (ORDER BY dhash))::integer AS rank, dhash, page_id,
    (count(*) OVER picture)::integer AS pages, row_number() OVER picture = 1 AS first
FROM (
    SELECT DISTINCT dhash, page_id
    FROM (
        SELECT s.dhash, p.id AS page_id
        FROM staged s
        JOIN whereis_rebuild.pages p ON p.title = s.title
        UNION ALL
        SELECT s.dhash, p.id
        FROM pg_temp.cleaned c
        JOIN staged s ON s.title = c.title
        JOIN whereis_rebuild.pages p ON p.title = c.page
    ) every
) shown
WINDOW picture AS (PARTITION BY dhash);

-- name: rebuild_count_pairs
SELECT count(*) AS rows, coalesce(max(rank), 0) AS images FROM whereis_rebuild.pairs;

-- Nearly all pairs are different, and have to be sorted, so hashing them before is in vain.
--
-- name: rebuild_sorted
SELECT set_config('enable_hashagg', 'off', true);

-- name: rebuild_fill_images
INSERT INTO whereis_rebuild.images (id, collection_id, dhash, page_count) OVERRIDING SYSTEM VALUE
SELECT $2::bigint + rank, $1::bigint, dhash, pages FROM whereis_rebuild.pairs WHERE first;

-- name: rebuild_fill_appearances
INSERT INTO whereis_rebuild.appearances (image_id, page_id)
SELECT $1::bigint + rank, page_id FROM whereis_rebuild.pairs;

-- name: rebuild_drop_pairs
DROP TABLE whereis_rebuild.pairs;

-- What the old tables have besides their columns, as statements for the new ones: the keys, then
-- other indexes, then settings and grants.  Names come out quoted, by the server.
--
-- name: rebuild_plan
SELECT what, name, statement
FROM (
    SELECT 1 AS step, 'key' AS what, k.conname::text AS name,
        format('ALTER TABLE whereis_rebuild.%I ADD CONSTRAINT %I %s', c.relname, k.conname,
            pg_get_constraintdef(k.oid)) AS statement
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    WHERE c.oid = ANY (ARRAY['public.pages', 'public.images', 'public.appearances']::regclass[])
        AND k.contype IN ('p', 'u')
    UNION ALL
    SELECT 2, 'index', x.relname::text,
        replace(pg_get_indexdef(i.indexrelid), format(' ON public.%I ', c.relname),
            format(' ON whereis_rebuild.%I ', c.relname))
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_class x ON x.oid = i.indexrelid
    WHERE c.oid = ANY (ARRAY['public.pages', 'public.images', 'public.appearances']::regclass[])
        AND i.indisvalid AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid
            AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT 3, 'settings', c.relname::text,
        format('ALTER TABLE whereis_rebuild.%I SET (%s)', c.relname,
            array_to_string(c.reloptions, ', '))
    FROM pg_class c
    WHERE c.oid = ANY (ARRAY['public.pages', 'public.images', 'public.appearances']::regclass[])
        AND c.reloptions IS NOT NULL
    UNION ALL
    SELECT 4, 'grant', c.relname::text,
        format('GRANT %s ON whereis_rebuild.%I TO %s%s', g.privilege_type, c.relname,
            CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
            CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_class c
    CROSS JOIN LATERAL aclexplode(c.relacl) g
    WHERE c.oid = ANY (ARRAY['public.pages', 'public.images', 'public.appearances']::regclass[])
        AND g.grantee <> c.relowner
) plan
ORDER BY step, what, name;

-- name: rebuild_foreign_keys
SELECT format('ALTER TABLE public.%I ADD CONSTRAINT %I %s NOT VALID', c.relname, k.conname,
        regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '')) AS statement
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
WHERE c.oid = ANY (ARRAY['public.pages', 'public.images', 'public.appearances']::regclass[])
    AND k.contype = 'f'
ORDER BY c.relname, k.conname;

-- name: rebuild_unchecked
SELECT format('ALTER TABLE public.%I VALIDATE CONSTRAINT %I', c.relname, k.conname) AS statement
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
WHERE c.oid = ANY (ARRAY['public.pages', 'public.images', 'public.appearances']::regclass[])
    AND k.contype = 'f' AND NOT k.convalidated
ORDER BY c.relname, k.conname;

-- name: rebuild_patience
SELECT set_config('lock_timeout', $1, true);

-- name: rebuild_lock_collections
LOCK TABLE public.collections IN SHARE ROW EXCLUSIVE MODE;

-- name: rebuild_lock
LOCK TABLE public.images, public.pages, public.appearances IN ACCESS EXCLUSIVE MODE;

-- name: rebuild_keep_pages
INSERT INTO whereis_rebuild.pages OVERRIDING SYSTEM VALUE SELECT * FROM public.pages;

-- name: rebuild_keep_images
INSERT INTO whereis_rebuild.images OVERRIDING SYSTEM VALUE SELECT * FROM public.images;

-- name: rebuild_keep_appearances
INSERT INTO whereis_rebuild.appearances SELECT * FROM public.appearances;

-- name: rebuild_go_on
SELECT setval(pg_get_serial_sequence('whereis_rebuild.' || t.name, 'id'),
    nextval(pg_get_serial_sequence('public.' || t.name, 'id')))
FROM (VALUES ('images'), ('pages')) AS t (name);

-- name: rebuild_drop
DROP TABLE public.appearances, public.images, public.pages;

-- name: rebuild_place_images
ALTER TABLE whereis_rebuild.images SET SCHEMA public;

-- name: rebuild_place_pages
ALTER TABLE whereis_rebuild.pages SET SCHEMA public;

-- name: rebuild_place_appearances
ALTER TABLE whereis_rebuild.appearances SET SCHEMA public;

-- name: rebuild_drop_schema
DROP SCHEMA whereis_rebuild;

-- name: rebuild_index_hamming
CREATE INDEX images_dhash_hamming ON whereis_rebuild.images USING hamming (dhash);

-- name: rebuild_index_bktree
CREATE INDEX images_dhash_bktree ON whereis_rebuild.images USING spgist (dhash bktree_ops);

-- What is stored about members, and forgetting it.

-- name: opted_out_all
SELECT user_id FROM opted_out;

-- name: opted_out_one
SELECT EXISTS (SELECT FROM opted_out o WHERE o.user_id = $1::bigint) AS opted_out;

-- Whoever writes a member's id holds this until the transaction ends, and whoever opts them out
-- waits for it: so none is written behind the back of the one who forgets.
--
-- name: member_hold
SELECT pg_advisory_xact_lock_shared(hashtextextended('whereis member', $1::bigint));

-- name: member_hold_alone
SELECT pg_advisory_xact_lock(hashtextextended('whereis member', $1::bigint));

-- name: member_stored
SELECT
    (SELECT count(*) FROM additions a WHERE a.user_id = $1::bigint) AS additions,
    (SELECT count(*) FROM additions a WHERE a.undone_by = $1::bigint) AS undone,
    (SELECT count(*) FROM sightings s WHERE s.user_id = $1::bigint) AS sightings,
    EXISTS (SELECT FROM opted_out o WHERE o.user_id = $1::bigint) AS opted_out;

-- name: member_opt_out
INSERT INTO opted_out (user_id) VALUES ($1) ON CONFLICT DO NOTHING;

-- name: member_opt_in
DELETE FROM opted_out WHERE user_id = $1;

-- A message tells who wrote it, so its id goes as well.
--
-- name: member_forget_additions
UPDATE additions SET user_id = 0, message_id = NULL WHERE user_id = $1;

-- name: member_forget_undone
UPDATE additions SET undone_by = 0, undone_message_id = NULL WHERE undone_by = $1;

-- name: member_forget_sightings
DELETE FROM sightings WHERE user_id = $1;

-- What the processes of one bot have in common.

-- Held until the connection ends.
--
-- name: turn_hold
SELECT pg_advisory_lock(hashtextextended('whereis turn', $1::bigint));

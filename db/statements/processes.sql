-- What the processes of one bot have in common.

-- A machine that goes away without a word keeps its turn for half a minute, and not for hours.  On a
-- socket of the same machine nothing of it holds, or is needed.
--
-- name: turn_watch
SELECT set_config('tcp_keepalives_idle', '10', false),
    set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '4', false);

-- Held until the connection ends.
--
-- name: turn_hold
SELECT pg_advisory_lock(hashtextextended('whereis turn', $1::bigint));

-- What wikis say of their pages, remembered for a while.

-- name: card_known
SELECT card::text AS card FROM cards WHERE question = $1 AND expires_at > now();

-- name: card_remember
INSERT INTO cards (question, card, expires_at)
VALUES ($1, $2::text::jsonb, now() + make_interval(secs => $3))
ON CONFLICT (question) DO UPDATE SET card = excluded.card, expires_at = excluded.expires_at;

-- A few at a time, so that nobody waits for it.
--
-- name: cards_forget
DELETE FROM cards
WHERE question IN (
    SELECT c.question FROM cards c
    WHERE c.expires_at <= now()
    ORDER BY c.expires_at
    LIMIT 100
    FOR UPDATE SKIP LOCKED
);

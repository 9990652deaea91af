-- The second look at a picture: a few bytes that tell whether pictures with near hashes are the same.
-- db stores them, bot.images says what they are. Rows of hashes alone have none.
--
-- Without a check, for that would read the whole table; whoever stores looks sees to their size.
ALTER TABLE images ADD COLUMN look bytea;
ALTER TABLE additions ADD COLUMN look bytea;

-- What running imports have read so far came without a look; it is read again where it is needed.
TRUNCATE import_pictures;
ALTER TABLE import_pictures ADD COLUMN look bytea;

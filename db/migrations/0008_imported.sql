-- When a collection was last filled, for those whose source does not tell the day of its data.

ALTER TABLE collections ADD COLUMN imported_on date;

UPDATE collections c
SET imported_on = (SELECT max(finished_at)::date FROM imports i WHERE i.collection_id = c.id);

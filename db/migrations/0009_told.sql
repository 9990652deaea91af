-- Processes keep the rules of servers and who opted out in memory, so each is told what another one
-- has changed: the table, and the key of the row.

CREATE FUNCTION whereis_tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed jsonb := to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END);
BEGIN
    PERFORM pg_notify('whereis_changes', TG_TABLE_NAME || ' ' || (changed ->> TG_ARGV[0]));
    RETURN NULL;
END
$$;

CREATE TRIGGER rules_tell AFTER INSERT OR UPDATE OR DELETE ON rules
FOR EACH ROW EXECUTE FUNCTION whereis_tell('guild_id');

CREATE TRIGGER opted_out_tell AFTER INSERT OR UPDATE OR DELETE ON opted_out
FOR EACH ROW EXECUTE FUNCTION whereis_tell('user_id');

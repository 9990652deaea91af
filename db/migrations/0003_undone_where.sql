-- Where a step of the audit was taken back, as is kept of where it was taken.
ALTER TABLE additions
    ADD COLUMN undone_guild_id bigint,
    ADD COLUMN undone_channel_id bigint,
    ADD COLUMN undone_message_id bigint;

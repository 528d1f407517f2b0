-- How far the server that answers has written or, as a standby, replayed: the timeline, which begins anew with each promotion,
-- and the position in it. A standby knows its timeline since its last restart point.
-- params:
-- returns: timeline int8, wal_bytes numeric
SELECT
    CASE
        WHEN pg_is_in_recovery()
            THEN greatest(
                (SELECT timeline_id FROM pg_control_checkpoint()),
                (SELECT min_recovery_end_timeline FROM pg_control_recovery())
            )::int8
        ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int8
    END AS timeline,
    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END
    - '0/0' AS wal_bytes

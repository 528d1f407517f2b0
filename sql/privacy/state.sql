-- What a load must know of users: whether any are stored that stay, how, and who is forgotten. The sample's make way.
-- params:
-- returns: pseudonym_check text, has_users bool, forgotten_key bytea, forgotten bytea[]
SELECT
    privacy.pseudonym_check,
    (
        EXISTS (SELECT FROM user_period)
        OR EXISTS (SELECT FROM charging_session)
        OR EXISTS (SELECT FROM hidden_session)
        OR EXISTS (SELECT FROM hidden_load WHERE user_id > '')
    )
    AND NOT EXISTS (SELECT FROM load_batch WHERE is_sample AND unloaded_at IS NULL)
    OR EXISTS (SELECT FROM forgotten_user) AS has_users,
    privacy.forgotten_key,
    array(SELECT id_hash FROM forgotten_user) AS forgotten
FROM privacy

-- Takes away what a load brought and does not show.
-- params: batch_id int4
-- returns:
DELETE FROM hidden_load WHERE batch_id = $1::int4

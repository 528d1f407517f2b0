-- Takes away what a load brought of sessions and does not show.
-- params: batch_id int4
-- returns:
DELETE FROM hidden_session WHERE batch_id = $1::int4

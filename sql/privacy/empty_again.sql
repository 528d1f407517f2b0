-- Takes out the rows of nobody that stand in for none.
-- params:
-- returns:
DELETE FROM hourly_load WHERE user_id = '' AND date_from = to_timestamp(0) AND batch_id = 0;
DELETE FROM hidden_load WHERE user_id = '' AND date_from = to_timestamp(0) AND batch_id = 0;
DELETE FROM user_location WHERE user_id = '';
DELETE FROM user_day WHERE day = '1970-01-01' AND user_id = '';
DELETE FROM user_period WHERE start = '1970-01-01' AND user_id = '';
DELETE FROM charging_session WHERE source = '' AND session_key = '';
DELETE FROM hidden_session WHERE source = '' AND session_key = '';

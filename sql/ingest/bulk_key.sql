-- The primary key again. Fails where equal keys of the file were too far apart to be counted while reading.
-- params:
-- returns:
ALTER TABLE hourly_load ADD PRIMARY KEY (user_id, date_from, session_id, occurrence)

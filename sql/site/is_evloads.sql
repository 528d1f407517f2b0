-- Whether tables are here that evload has had in every version, so that a noted revision is evload's.
-- params:
-- returns: is_evloads bool
SELECT num_nulls(to_regclass('site'), to_regclass('hourly_load'), to_regclass('load_batch')) = 0 AS is_evloads

-- What the grid KPIs share.

-- The slope b of Rusck's curve of the demand per user, a + b / sqrt(n), through one user and all of them; 0 where there is
-- one alone. a is the demand of one user less the slope.
CREATE FUNCTION admd_slope(of_one_kw numeric, of_all_kw numeric, all_users bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(($1 - $2) / nullif(1 - 1 / sqrt(nullif($3, 0)::numeric), 0), 0);
END;

-- What went wrong lately, and what to do about it.
-- k = 20: how many
SELECT study, stage, arm, seed, cell, kind, error, hint, time FROM failures WHERE current ORDER BY time DESC LIMIT :k

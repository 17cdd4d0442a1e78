-- Each arm against a baseline, by pairs of equal replicate and seed.
-- study: the study's name
-- baseline: the name of the arm that the others are compared with
SELECT stage, arm, n, repeats, mean_difference, lo95, hi95, p, p_holm FROM paired
WHERE study = :study AND baseline = :baseline ORDER BY position

-- Which settings differ between the cells of a study, and how many values each takes.
-- study: the study's name
SELECT key, count(DISTINCT value) AS "values", min(value) AS least, max(value) AS most, count(DISTINCT cell) AS cells FROM parameters
WHERE study = :study AND key NOT IN ('fingerprint', 'source.cell') GROUP BY key HAVING count(DISTINCT value) > 1 ORDER BY key

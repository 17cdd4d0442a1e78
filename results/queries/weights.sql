-- The weights files of a study, by arm.
-- study: the study's name
SELECT a.stage, c.arm, a.kind, count(*) AS files, sum(a.bytes) AS bytes FROM artifacts AS a JOIN cells AS c
  ON c.study = a.study AND c.stage = a.stage AND c.identity = a.identity
WHERE a.study = :study GROUP BY a.stage, c.arm, a.kind ORDER BY bytes DESC

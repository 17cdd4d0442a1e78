-- Learning rate against what came of it, by strategy.
-- study: the study's name
SELECT c.stage, c.strategy, p.value AS lr, count(c.test_accuracy) AS cells, avg(c.test_accuracy) AS mean, min(c.test_accuracy) AS least,
  max(c.test_accuracy) AS most FROM cells AS c JOIN parameters AS p USING (study, stage, cell)
WHERE c.study = :study AND p.key = 'train.lr' GROUP BY c.stage, c.strategy, p.value ORDER BY c.stage, c.strategy, p.value

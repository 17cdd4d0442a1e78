-- How much of an arm is luck: the spread of its cells.
-- study: the study's name
SELECT stage, arm, count(test_accuracy) AS cells, avg(test_accuracy) AS mean, min(test_accuracy) AS least, max(test_accuracy) AS most,
  max(test_accuracy) - min(test_accuracy) AS range FROM cells WHERE study = :study GROUP BY stage, arm ORDER BY range DESC

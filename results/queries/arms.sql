-- The arms of a study with the intervals of a metric, best first.
-- study: the study's name
-- metric = test_accuracy: any that `cambium leaderboard --metric` takes
SELECT stage, arm, n, missing, mean, lo95, hi95, trainable, seconds FROM means
WHERE study = :study AND metric = :metric AND chosen ORDER BY stage, mean DESC
